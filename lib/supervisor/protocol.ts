// What a supervisor and the process of a pipe say to each other, over the channel that Node opens for a child ('ipc', a
// socket pair with structured clones). Configuration with its secrets travels here and nowhere else.
//
//   supervisor                     process of a pipe
//     start (what it is to do)  ->   loads the code of its stages
//                               <-   loaded
//     open                      ->   sets up every stage: locks, files
//                               <-   opened
//     run                       ->   starts the sources
//                               <-   listen (an address)              where a source is a server
//     listening, connection …   ->   sockets of that address, as they are accepted
//                               <-   taken                            of each
//                               <-   closed                           no more of them
//                               <-   ready                            nothing failed on the way
//     report                    ->
//                               <-   report (accounts, memory, CPU)
//     tap, untap                ->
//                               <-   tapped (records)
//     stop                      ->   sources stop, what is in flight drains; in a hand-over what is on the disk stays
//                               <-   ended (exit code)
//
// When the channel closes the supervisor is dead, and the process kills its group: itself and the programs that it
// started. Records of a pipe that another one reads come and go through further descriptors, as lines.

import type { Input } from '../component.js'
import type { Sheet } from '../ledger/sheet.js'
import type { OptionTable } from '../option/table.js'
import type { BranchOptions } from '../pipeline/branch.js'
import type { Graph } from '../pipeline/graph.js'

export type StageJob = { readonly id: string } & (
  | { readonly component: string; readonly input: Input<OptionTable> }
  | { readonly program: readonly string[] }
)

/** What the process of a pipe is to do. */
export interface PipeJob {
  readonly name: string
  /** The stages behind a source, or behind another pipe's records. */
  readonly from: readonly { readonly pipe: string | null; readonly stages: readonly StageJob[] }[]
  readonly through: readonly StageJob[]
  readonly to: readonly (readonly StageJob[])[]
  /** Pipes whose records come in by descriptor, from FIRST_LINK on; then pipes to which records go. */
  readonly reads: readonly string[]
  readonly readers: readonly string[]
  readonly branch: BranchOptions
  readonly spools: Graph['spools']
  /** Whether it runs once: nothing is started again. */
  readonly once: boolean
}

/** stdin, stdout, stderr and the channel stand before. */
export const FIRST_LINK = 4

export interface TapRequest {
  readonly stage: string
  /** An expression that a record has to fulfil; null: all. */
  readonly where: string | null
  /** Most records a second; null: all. */
  readonly rate: number | null
  /** Whether those are taken at random, not as they come. */
  readonly sample: boolean
}

export interface Report {
  readonly sheet: Sheet
  /** Seconds for which stages worked on batches, by their ids. */
  readonly busy: ReadonlyMap<string, number>
  /** Of the process, seconds. */
  readonly cpu: number
  /** Of the process, bytes. */
  readonly rss: number
}

export type ToPipe =
  | { readonly type: 'start'; readonly job: PipeJob }
  | { readonly type: 'open' | 'run' }
  /** `handOver`: another process goes on with what this one leaves on the disk. */
  | { readonly type: 'stop'; readonly handOver: boolean }
  | { readonly type: 'report'; readonly id: number }
  | { readonly type: 'tap'; readonly id: number; readonly request: TapRequest }
  | { readonly type: 'untap'; readonly id: number }
  | { readonly type: 'listening'; readonly id: number; readonly address: string | null; readonly code: string | null }
  /** With a socket, which has a number of its own. */
  | { readonly type: 'connection'; readonly id: number; readonly socket: number }

export type FromPipe =
  | { readonly type: 'loaded' | 'opened' | 'ready' }
  | { readonly type: 'report'; readonly id: number; readonly report: Report }
  /** Lines; what was passed over since the last message; why there will be none, or null. */
  | {
      readonly type: 'tapped'
      readonly id: number
      readonly lines: string
      readonly missed: number
      readonly refused: string | null
    }
  | { readonly type: 'listen'; readonly id: number; readonly address: string }
  | { readonly type: 'closed'; readonly id: number }
  /** A socket is here. */
  | { readonly type: 'taken'; readonly socket: number }
  /** `failed`: something else than records kept it from its end. */
  | { readonly type: 'ended'; readonly code: number; readonly failed: boolean }
