// A tailer in this process, for tests: its lines as they come, and its checkpoints committed as a sink would.

import { StageAccount } from '../../lib/io/account.js'
import { systemClock } from '../../lib/io/clock.js'
import type { Batch } from '../../lib/record/batch.js'
import { labelPairs } from '../../lib/record/labels.js'
import type { Payload } from '../../lib/record/record.js'
import { withoutCheckpoints } from '../../lib/state/checkpoint.js'
import { State } from '../../lib/state/state.js'
import { followFiles, type StageOptions } from '../../lib/tail/stage.js'
import type { Ending } from './temporary.js'

export interface Line {
  readonly labels: { readonly [name: string]: string }
  readonly payload: Payload
}

const OPTIONS: StageOptions = {
  label: new Map(),
  exclude: [],
  from: 'checkpoint',
  once: false,
  encoding: 'auto',
  name: 'files',
  every: 10,
  scan_every: 10,
  delay: 0,
  linger: 100,
  partial_wait: undefined,
  ignore_older: undefined,
  multiline: undefined,
  max_wait_time: 50,
  max_lines: 128,
  max_block_size: 1 << 20,
  max_entry_bytes: 1 << 20,
  max_open: 100,
  max_folders: 1000,
  max_files: 1000,
  state: undefined,
}

export class Following {
  readonly lines: Line[] = []
  readonly account = new StageAccount()
  readonly said: string[] = []
  readonly rejected: string[] = []
  readonly details: string[] = []
  readonly done: Promise<void>
  readonly #stop = new AbortController()
  readonly #state: State | null
  #wake: () => void = () => {}

  /** @param targets batches for stdin, where there are no patterns */
  constructor(globs: readonly string[], options: Partial<StageOptions> = {}, targets: AsyncIterable<Batch> = none()) {
    this.#state = options.state === undefined ? null : new State(options.state)
    const log = (message: string) => this.#say(message)
    this.done = followFiles(globs, { ...OPTIONS, ...options }, {
      stage: 'receive file',
      clock: systemClock,
      log: { debug: log, info: log, warn: log, error: log },
      account: this.account,
      signal: this.#stop.signal,
      reject: ({ reason, detail }) => {
        this.rejected.push(reason)
        this.details.push(detail)
        this.#wake()
      },
      emit: (batch) => this.#emit(batch),
      stdin: async function* () {},
      records: () => targets,
      lines: () => {
        throw new Error('not asked for')
      },
    })
  }

  get bodies(): unknown[] {
    return this.lines.map(({ payload }) => payload.body)
  }

  #say(message: string): void {
    this.said.push(message)
    this.#wake()
  }

  async #emit(batch: Batch): Promise<void> {
    const commits: Promise<void>[] = []
    const rest = withoutCheckpoints(batch, (checkpoint) => {
      if (this.#state !== null) commits.push(this.#state.make().then(() => this.#state!.commit(checkpoint)))
    })
    for (let row = 0; row < rest.length; row++) {
      this.lines.push({ labels: Object.fromEntries(labelPairs(rest.id(row)!.labels)), payload: rest.payload(row) })
    }
    await Promise.all(commits)
    this.#wake()
  }

  /** Resolves when what is asked for has come. */
  async until(there: () => boolean): Promise<void> {
    while (!there()) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve))
      await Promise.race([woken, this.done.then(() => Promise.reject(new Error(`ended before: ${this.said.join('; ')}`)))])
    }
  }

  /** Resolves when there are so many lines. */
  count(lines: number): Promise<void> {
    return this.until(() => this.lines.length >= lines)
  }

  stop(): Promise<void> {
    this.#stop.abort()
    return this.done
  }
}

/** One that ends with the test. */
export function following(t: Ending, ...args: ConstructorParameters<typeof Following>): Following {
  const made = new Following(...args)
  t.teardown(() => made.stop().catch(() => {}))
  return made
}

/** Reads what is there, to its end. */
export async function readOnce(globs: readonly string[], options: Partial<StageOptions> = {}): Promise<Following> {
  const following = new Following(globs, { once: true, ...options })
  await following.done
  return following
}

async function* none(): AsyncGenerator<Batch> {}
