// Several destinations of one command: each has its own copy of every record, and none waits for another.

import type { Context, Sink } from '../component.js'
import { Problems, problemsOf } from '../diag/problem.js'
import type { Batch } from '../record/batch.js'

/** The account sees a copy of every record for each destination: all but the first are made here. */
export class Several implements Sink {
  constructor(
    private readonly sinks: readonly Sink[],
    private readonly context: Context,
  ) {}

  async write(batch: Batch): Promise<void> {
    this.context.account.made += batch.length * (this.sinks.length - 1)
    await Promise.all(this.sinks.map((sink) => sink.write(batch)))
  }

  async sync(): Promise<void> {
    await Promise.all(this.sinks.map((sink) => sink.sync!()))
  }

  async end(): Promise<void> {
    const ends = await Promise.allSettled(this.sinks.map((sink) => sink.end()))
    const failed = ends.flatMap((end) => (end.status === 'rejected' ? problemsOf(end.reason) : []))
    if (failed.length > 0) throw new Problems(failed)
  }

  async abandon(): Promise<void> {
    await Promise.allSettled(this.sinks.map((sink) => sink.abandon?.()))
  }
}

/**
 * The context of the destinations behind the first: what is wrong with a record itself is told once and counted for all
 * of them.
 *
 * @param own reasons that belong to a destination
 */
export function furtherContext(context: Context, own: ReadonlySet<string>): Context {
  const { account } = context
  return {
    ...context,
    reject: (reject) => (own.has(reject.reason) ? context.reject(reject) : account.drop(reject.reason, 1)),
  }
}
