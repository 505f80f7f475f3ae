// Requests by way of undici: TLS and proxies. For plain http it is the twin that `direct.ts` is compared with.

import type { Dispatcher } from 'undici'
import type { Answer, Transport } from './exchange.js'
import { failureOf } from './failure.js'

export function transportOf(dispatcher: Dispatcher, origin: string): Transport {
  return {
    send: (hop, answer) => {
      const { path, method, headers, body = null } = hop
      dispatcher.dispatch(
        { origin, path, method, headers, body, headersTimeout: 0, bodyTimeout: 0 },
        new Handler(answer, hop.host),
      )
    },
  }
}

class Handler implements Dispatcher.DispatchHandler {
  constructor(
    private readonly answer: Answer,
    private readonly host: string,
  ) {}

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A connection that was still being made when the request was given up is dropped when it is there.
    if (this.answer.over) controller.abort(new Error('given up'))
    else this.answer.carried((error) => controller.abort(error))
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: { [name: string]: string | string[] | undefined },
  ): void {
    if (status >= 200) this.answer.start(status, headersOf(headers))
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.answer.data(chunk, 0, chunk.length)
  }

  onResponseEnd(): void {
    this.answer.end()
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.answer.stop(failureOf(error, this.host, this.answer.started))
  }
}

function headersOf(headers: { [name: string]: string | string[] | undefined }): Map<string, string> {
  const map = new Map<string, string>()
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name, typeof value === 'string' ? value : value.join(', '))
  }
  return map
}
