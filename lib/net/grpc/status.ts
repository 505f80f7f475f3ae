// How calls of gRPC end: code, message, and when to come again (gRPC over HTTP/2, "Status"; google.rpc.Status and
// RetryInfo).

import { decodeMessage, encodeMessage } from '../../wire/otlp/protobuf.js'
import { MessageType } from '../../wire/otlp/schema.js'

export const STATUS = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalid_argument: 3,
  deadline_exceeded: 4,
  not_found: 5,
  already_exists: 6,
  permission_denied: 7,
  resource_exhausted: 8,
  failed_precondition: 9,
  aborted: 10,
  out_of_range: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  data_loss: 15,
  unauthenticated: 16,
} as const

export interface GrpcStatus {
  readonly code: number
  /** For people. */
  readonly message: string
  /** Milliseconds after which the other side may come again. */
  readonly retryAfter?: number
}

/** A call that fails with a status. */
export class GrpcError extends Error {
  constructor(readonly status: GrpcStatus) {
    super(status.message)
  }
}

/** Headers that say how a call ended. */
export interface StatusHeaders {
  readonly [name: string]: string
}

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo'
const DURATION = new MessageType(() => [[1, 'seconds', 'int64'], [2, 'nanos', 'int32']])
const RETRY = new MessageType(() => [[1, 'retryDelay', DURATION]])
const ANY = new MessageType(() => [[1, 'typeUrl', 'string'], [2, 'value', 'bytes']])
const RICH = new MessageType(() => [[1, 'code', 'int32'], [2, 'message', 'string'], [3, 'details', ANY, 'list']])
const BOUNDS = { max_elements: 100, max_depth: 8 }

interface Rich {
  details?: { typeUrl?: string; value?: string }[]
}
interface Retry {
  retryDelay?: { seconds?: string; nanos?: number }
}

export function statusHeaders({ code, message, retryAfter }: GrpcStatus): StatusHeaders {
  return {
    'grpc-status': String(code),
    ...(message !== '' && { 'grpc-message': percentEncoded(message) }),
    ...(retryAfter !== undefined && { 'grpc-status-details-bin': detailsOf(code, message, retryAfter) }),
  }
}

/** null where the headers say nothing of it. What is wrong in the details is passed over. */
export function statusOf(headers: { readonly [name: string]: unknown }): GrpcStatus | null {
  const code = Number(headers['grpc-status'] ?? NaN)
  if (!Number.isInteger(code)) return null
  const { 'grpc-message': text, 'grpc-status-details-bin': details } = headers
  const retryAfter = typeof details === 'string' ? retryAfterOf(details) : undefined
  const message = typeof text === 'string' ? percentDecoded(text) : ''
  return { code, message, ...(retryAfter !== undefined && { retryAfter }) }
}

function detailsOf(code: number, message: string, retryAfter: number): string {
  const seconds = String(Math.floor(retryAfter / 1000))
  const retry = encodeMessage({ retryDelay: { seconds, nanos: Math.round((retryAfter % 1000) * 1e6) } }, RETRY)
  const details = [{ typeUrl: RETRY_INFO, value: retry.toString('base64') }]
  // Values of binary headers need no padding.
  return encodeMessage({ code, message, details }, RICH).toString('base64').replace(/=+$/, '')
}

function retryAfterOf(header: string): number | undefined {
  try {
    const { details = [] } = decodeMessage<Rich>(Buffer.from(header, 'base64'), RICH, BOUNDS)
    const info = details.find(({ typeUrl }) => typeUrl === RETRY_INFO)
    if (info === undefined) return undefined
    const { retryDelay = {} } = decodeMessage<Retry>(Buffer.from(info.value ?? '', 'base64'), RETRY, BOUNDS)
    return Math.max(0, Number(retryDelay.seconds ?? 0) * 1000 + (retryDelay.nanos ?? 0) / 1e6)
  } catch {
    return undefined
  }
}

/** Everything but printable ASCII, and the percent sign. */
function percentEncoded(text: string): string {
  return Array.from(Buffer.from(text), (byte) => {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25
    return plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
}

/** What is no percent encoding stays as it is. */
function percentDecoded(text: string): string {
  const bytes = text.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}
