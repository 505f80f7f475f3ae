// Where requests come in, over gRPC or HTTP: counted, let in or not, read, and answered as their protocol says it.

import type { IncomingHttpHeaders } from 'node:http'
import { mediaType } from '../net/media_type.js'
import type { ServerAnswer, ServerRequest } from '../net/server.js'
import { NotTaken, unpackedBody } from './not_taken.js'

export class Entrance {
  /**
   * @param room throws NotTaken where there is none: a request need not be read
   * @param options of the largest request after decompression
   */
  constructor(
    private readonly account: { in_bytes: number },
    private readonly room: { admit(): void },
    private readonly options: { readonly max_request_bytes: number },
  ) {}

  /** What `take` answers a call of so many bytes. Throws a GrpcError where it throws NotTaken. */
  async call(size: number, take: () => Promise<Buffer>): Promise<Buffer> {
    this.account.in_bytes += size
    try {
      this.room.admit()
      return await take()
    } catch (error) {
      throw error instanceof NotTaken ? error.grpcError : error
    }
  }

  /**
   * What `take` answers a post, or where it throws NotTaken, or cannot be called, what `refuse` makes of that.
   *
   * @param forms media types that are taken
   */
  async post<F extends string>(
    { headers, body }: ServerRequest,
    forms: readonly F[],
    take: (bytes: Buffer, form: F) => Promise<ServerAnswer>,
    refuse: (why: NotTaken, form: F | undefined) => ServerAnswer = refusedInText,
  ): Promise<ServerAnswer> {
    this.account.in_bytes += body.length
    const type = mediaType(headers['content-type'])
    const form = forms.find((name) => name === type)
    try {
      if (form === undefined) throw unknownForm(headers, forms)
      this.room.admit()
      return await take(await unpackedBody(body, headers['content-encoding'], this.options.max_request_bytes), form)
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error
      return refuse(error, form)
    }
  }
}

export function refusedInText({ httpStatus, httpHeaders, message }: NotTaken): ServerAnswer {
  return { status: httpStatus, headers: httpHeaders, text: message }
}

function unknownForm({ 'content-type': type = '' }: IncomingHttpHeaders, forms: readonly string[]): NotTaken {
  return new NotTaken('unsupported', `content-type '${type.slice(0, 80)}': expected ${forms.join(' or ')}`)
}
