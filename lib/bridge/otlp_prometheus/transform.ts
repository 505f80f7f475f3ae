// The translation as a filter: data points of OTLP become samples of Prometheus, everything else passes.

import { AtOnce } from '../../at_once.js'
import type { Account, Pass, Reject } from '../../component.js'
import type { Identity } from '../../record/identity.js'
import type { Record } from '../../record/record.js'
import { isOtlp } from '../shape.js'
import { PrometheusTranslator, type Settings } from './translator.js'

export interface TranslationContext {
  readonly account: Account
  readonly log: { warn(message: string): void }
  reject(reject: Reject): void
}

export class PrometheusTransform extends AtOnce {
  readonly #translator: PrometheusTranslator
  /** What is known of families, by name: it goes out when it is new. */
  readonly #families = new Map<string, Buffer>()
  readonly #warned = new Set<string>()

  constructor(
    private readonly settings: Settings,
    private readonly context: TranslationContext,
  ) {
    super()
    this.#translator = new PrometheusTranslator(settings)
  }

  override take(record: Record, _: number, pass: Pass): void {
    if (!isOtlp(record)) return pass(record)
    const { samples, errors, warnings } = this.#translator.next(record)
    for (const warning of warnings) this.#warn(warning)
    let out = 0
    for (const { identity, payload, family } of samples) {
      if (this.#isNew(family)) {
        pass({ identity: family, payload: {} })
        out++
      }
      pass({ identity, payload })
      out++
    }
    if (errors.length > 0) this.context.reject({ reason: 'untranslatable', detail: errors.join('; '), original: record })
    else out--
    this.context.account.made += out
  }

  #isNew(family: Identity): boolean {
    const { name, prefix } = family
    if (this.#families.get(name)?.equals(prefix) === true) return false
    this.#families.delete(name)
    this.#families.set(name, prefix)
    if (this.#families.size > this.settings.max_series) this.#families.delete(this.#families.keys().next().value!)
    return true
  }

  /** Once: what is strange about a series is so in all its points. */
  #warn(warning: string): void {
    if (this.#warned.size >= this.settings.max_series || this.#warned.has(warning)) return
    this.#warned.add(warning)
    this.context.log.warn(warning)
  }
}
