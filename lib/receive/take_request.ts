// A request that brings records: its body read within bounds, its records passed on, or stored.

import type { SourceContext } from '../component.js'
import type { ServerAnswer, ServerRequest } from '../net/server.js'
import type { Acks } from './acks.js'
import { busy } from './answer.js'
import { NotTaken, unpackedBody } from './not_taken.js'
import { Rows } from './rows.js'

export interface RequestOptions {
  /** Largest request after decompression. */
  readonly max_request_bytes: number
  /** What lets answers wait for commits; null: they do not. */
  readonly acks: Acks | null
}

/**
 * null where all is well; else what the sender is told.
 *
 * @param read puts the records of a body into rows; an error that it throws is one of the sender
 */
export async function takeRequest(
  request: ServerRequest,
  { max_request_bytes, acks }: RequestOptions,
  context: Pick<SourceContext, 'account' | 'emit'>,
  read: (body: Buffer, rows: Rows) => void,
): Promise<ServerAnswer | null> {
  context.account.in_bytes += request.body.length
  if (acks?.full === true) return busy('too many requests wait for their commit (--max-waiting)')
  const rows = new Rows()
  try {
    read(await unpackedBody(request.body, request.headers['content-encoding'], max_request_bytes), rows)
  } catch (error) {
    return { status: error instanceof NotTaken ? error.httpStatus : 400, text: (error as Error).message }
  }
  return (await rows.store(acks, context)) ? null : busy('not committed within the time of --ack-timeout')
}
