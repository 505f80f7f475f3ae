// Exports over gRPC (OTLP 1.x, "OTLP/gRPC"): which statuses are final, and what answers say.

import { type GrpcAnswer, type GrpcClient } from '../net/grpc/client.js'
import { type GrpcStatus, STATUS } from '../net/grpc/status.js'
import { partialSuccessOf } from '../wire/otlp/answer.js'
import { METHODS } from '../wire/otlp/endpoints.js'
import type { Signal } from '../wire/otlp/schema.js'
import type { HeldExport } from './otlp_body.js'
import type { ExportReply, ExportTransport } from './otlp_exporter.js'

/** "Failures": what may be sent again. That something is exhausted passes only where the server says when. */
const MAY_PASS = new Set<number>([
  STATUS.cancelled, STATUS.deadline_exceeded, STATUS.aborted, STATUS.out_of_range, STATUS.unavailable, STATUS.data_loss,
])
/** The words of grpc-go, grpc-java and grpc-js for a message beyond their bound, which has no status of its own. */
const TOO_LARGE = /larger than max|exceeds maximum size/i
const TOO_LARGE_STATUS = 413
const SHOWN = 300
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]+/g
const NAMES = new Map(Object.entries(STATUS).map(([name, code]) => [code as number, name.replace('_', ' ')]))

export interface GrpcExportOptions {
  client: GrpcClient
  metadata: { readonly [name: string]: string }
  /** Milliseconds for one attempt. */
  timeout: number
}

export class GrpcExport implements ExportTransport {
  constructor(private readonly options: GrpcExportOptions) {}

  async send({ signal, gzip, message }: HeldExport, stop: AbortSignal): Promise<ExportReply> {
    const { client, metadata, timeout } = this.options
    const answer = await client.call({ path: METHODS[signal], message, gzip, metadata, timeout, signal: stop })
    return { ...replyOf(answer, signal), sent: message.length }
  }

  close(): Promise<void> {
    return this.options.client.close()
  }
}

function replyOf({ status, message }: GrpcAnswer, signal: Signal): ExportReply {
  const { code, retryAfter } = status
  if (code === STATUS.ok) return { kind: 'stored', partial: partialSuccessOf(message, signal, 'protobuf') }
  const words = grpcWords(status)
  if (MAY_PASS.has(code) || (code === STATUS.resource_exhausted && retryAfter !== undefined))
    return { kind: 'retry', words, after: retryAfter ?? 0 }
  const large = code === STATUS.resource_exhausted && TOO_LARGE.test(status.message)
  return { kind: 'refused', words, ...(large && { status: TOO_LARGE_STATUS }) }
}

/** `14 unavailable: what the server says`. */
export function grpcWords({ code, message }: GrpcStatus): string {
  const said = message.replace(CONTROLS, ' ').trim()
  const shown = said.length > SHOWN ? `${said.slice(0, SHOWN)}…` : said
  return [`${code} ${NAMES.get(code) ?? 'unknown code'}`, shown].filter((part) => part !== '').join(': ')
}

/** Asks with an export of nothing; the status of the first signal that is taken, or else of traces. */
export async function probeGrpc(client: GrpcClient, metadata: { readonly [name: string]: string }, timeout: number): Promise<GrpcStatus> {
  const statuses: GrpcStatus[] = []
  const call = { message: Buffer.alloc(0), gzip: false, metadata, timeout, signal: new AbortController().signal }
  for (const path of Object.values(METHODS)) {
    const { status } = await client.call({ ...call, path })
    if (status.code === STATUS.ok) return status
    statuses.push(status)
  }
  return statuses[0]
}
