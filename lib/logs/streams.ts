// Identities of streams under changed labels: the same labels are one object, found by what changed and not by all of
// them.

import { type Identity, memoSlot } from '../record/identity.js'
import { type Labels, labelsOfMap, labelPairs } from '../record/labels.js'

/** What an identity becomes when a label gets one of these values. */
interface ByValue {
  readonly generation: number
  readonly identities: Map<string, Identity>
}

interface Mapped {
  readonly generation: number
  readonly identity: Identity
}

/** Identities remembered if nobody says otherwise. */
export const MAX_STREAMS = 500_000

export class Streams {
  /** Answers of an older generation count no more: that is how all of them are forgotten. */
  #generation = 0
  #count = 0
  #known = new Map<string, Identity>()

  /** The identity that stands for all with these labels, which may have come as several objects. */
  readonly known: (id: Identity) => Identity

  /** @param max identities remembered; beyond that all are forgotten, to be made again when they are seen again */
  constructor(private readonly max = MAX_STREAMS) {
    this.known = this.mapper((labels) => labels)
  }

  /** A function that gives a label a value. */
  setter(name: string): (id: Identity, value: string) => Identity {
    const slot = memoSlot()
    return (id, value) => {
      let known = id.memo?.[slot] as ByValue | undefined
      if (known?.generation !== this.#generation) {
        known = { generation: this.#generation, identities: new Map() }
        ;(id.memo ??= [])[slot] = known
      }
      let identity = known.identities.get(value)
      if (identity === undefined) {
        identity = this.#intern(id, withLabel(id.labels, name, value))
        // The generation may have changed just now.
        if (known.generation === this.#generation) known.identities.set(value, identity)
      }
      return identity
    }
  }

  /** A function that changes labels in a way that depends on them alone. */
  mapper(change: (labels: Labels) => Labels): (id: Identity) => Identity {
    const slot = memoSlot()
    return (id) => {
      const known = id.memo?.[slot] as Mapped | undefined
      if (known?.generation === this.#generation) return known.identity
      const identity = this.#intern(id, change(id.labels))
      ;(id.memo ??= [])[slot] = { generation: this.#generation, identity }
      return identity
    }
  }

  #intern(id: Identity, labels: Labels): Identity {
    const made = labels === id.labels ? id : id.with(id.name, labels)
    const key = made.prefix.utf8Slice()
    const known = this.#known.get(key)
    if (known !== undefined) return known
    if (++this.#count > this.max) {
      this.#generation++
      this.#count = 1
      this.#known = new Map()
    }
    this.#known.set(key, made)
    return made
  }
}

/** The labels with one more, or another value of it; the same object if nothing changes. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i] !== name) continue
    if (labels[i + 1] === value) return labels
    const out = [...labels]
    out[i + 1] = value
    return out
  }
  return labelsOfMap(new Map([...labelPairs(labels), [name, value]]))
}

/** The labels whose names pass; the same object if all do. */
export function labelsWhere(labels: Labels, passes: (name: string) => boolean): Labels {
  const out: string[] = []
  for (let i = 0; i < labels.length; i += 2) if (passes(labels[i])) out.push(labels[i], labels[i + 1])
  return out.length === labels.length ? labels : out
}
