// A stateful stage at work in a test: its records in, what it makes out, its account and a clock that stands still.

import { parseInput } from '../../lib/cli/command.js'
import type { Component, Context, FilterComponent, Pass, StatefulTransform } from '../../lib/component.js'
import { StageAccount } from '../../lib/io/account.js'
import { decodeValue } from '../../lib/record/decode.js'
import type { Json } from '../../lib/record/json.js'
import { type Record, tailText } from '../../lib/record/record.js'
import { TestClock } from './clock.js'

export type Line = { [key: string]: Json }

/** A record from its JSON. */
export function recordOf(json: unknown): Record {
  const decoded = decodeValue(JSON.parse(JSON.stringify(json)))
  if ('reason' in decoded) throw new Error(decoded.detail)
  return decoded
}

export function lineOf({ identity, payload }: Record): Line {
  return JSON.parse(identity.prefix.toString() + tailText(identity, payload)) as Line
}

const NOTHING: StatefulTransform = { take() {}, held: () => Infinity, due: () => Infinity, tick() {}, flush() {} }

export class StageAtWork {
  readonly clock = new TestClock()
  readonly account = new StageAccount()
  readonly warned: string[] = []
  readonly rejected: string[] = []
  #stage: StatefulTransform
  readonly #passed: Record[] = []
  readonly #pass: Pass = (record) => void this.#passed.push(record)
  #order = 0

  constructor(make: (context: Context) => StatefulTransform) {
    this.#stage = make(this.#context())
  }

  /** A command with its words. */
  static async of(component: unknown, ...words: string[]): Promise<StageAtWork> {
    const input = parseInput(component as Component, words)
    const work = new StageAtWork(() => NOTHING)
    work.#stage = (await (component as FilterComponent).create(input, work.#context())) as StatefulTransform
    return work
  }

  #context(): Context {
    const log = { debug() {}, info() {}, warn: (message: string) => void this.warned.push(message), error() {} }
    return {
      stage: 'test', clock: this.clock, log, account: this.account, signal: new AbortController().signal,
      reject: ({ detail }) => void this.rejected.push(detail),
    }
  }

  take(...records: readonly unknown[]): Line[] {
    for (const json of records) this.#stage.take(recordOf(json), this.#order++, this.#pass)
    return this.#went()
  }

  /** Lets time pass until what is due then has gone on. */
  until(ms: number): Line[] {
    for (let due = this.#stage.due(); due <= ms; due = this.#stage.due()) {
      this.clock.time = Math.max(this.clock.time, due)
      this.#stage.tick(this.clock.time, this.#pass)
    }
    this.clock.time = ms
    return this.#went()
  }

  end(): Line[] {
    this.#stage.flush(this.#pass)
    return this.#went()
  }

  #went(): Line[] {
    return this.#passed.splice(0).map(lineOf)
  }
}
