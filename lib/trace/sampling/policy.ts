// What a sampling policy answers for a trace, and how the answers of several become one decision.

import type { Trace } from './trace.js'

/** `inverted_…` is the answer of a condition with `invert_match`: it found nothing, or it found what it must not find. */
export type Answer = 'sampled' | 'not_sampled' | 'inverted_sampled' | 'inverted_not_sampled' | 'dropped'

export interface Policy {
  readonly name: string
  /** @param now milliseconds of `Clock.monotonic` */
  decide(trace: Trace, now: number): Answer
}

export interface Decision {
  readonly sampled: boolean
  /** The policy that decided; null where none wanted the trace. */
  readonly policy: string | null
  readonly dropped: boolean
}

const NOT_SAMPLED: Decision = { sampled: false, policy: null, dropped: false }

/** Whether an answer lets a trace pass where it is one of several conditions. */
export function passes(answer: Answer): boolean {
  return answer === 'sampled' || answer === 'inverted_sampled'
}

/**
 * A policy that drops comes first, then inverted ones that found what they must not find; then one that samples is enough,
 * or an inverted one where no other said no.
 */
export class Policies {
  readonly #policies: readonly Policy[]

  /**
   * @param dropping asked before the others
   * @param firstMatch asks no further policies when one samples, so that these do not count it against their limits
   */
  constructor(dropping: readonly Policy[], others: readonly Policy[], private readonly firstMatch: boolean) {
    this.#policies = [...dropping, ...others]
  }

  decide(trace: Trace, now: number): Decision {
    let sampled: string | null = null
    let inverted: string | null = null
    let against = false
    let refused: string | null = null
    for (const policy of this.#policies) {
      const answer = policy.decide(trace, now)
      if (answer === 'dropped') return { sampled: false, policy: policy.name, dropped: true }
      if (answer === 'sampled') {
        sampled ??= policy.name
        if (this.firstMatch) break
      } else if (answer === 'inverted_sampled') inverted ??= policy.name
      else if (answer === 'inverted_not_sampled') refused ??= policy.name
      else against = true
    }
    if (refused !== null) return { sampled: false, policy: refused, dropped: false }
    if (sampled !== null) return { sampled: true, policy: sampled, dropped: false }
    if (inverted !== null && !against) return { sampled: true, policy: inverted, dropped: false }
    return NOT_SAMPLED
  }
}
