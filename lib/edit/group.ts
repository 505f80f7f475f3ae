// Attributes of records moved to their resource: records with the same values get the same resource.

import { AtOnce } from '../at_once.js'
import type { Pass } from '../component.js'
import { Identity } from '../record/identity.js'
import { canonical, type Json } from '../record/json.js'
import { labelPairs, labelsOf } from '../record/labels.js'
import type { Payload, Record } from '../record/record.js'
import { isMap, withoutEmpty, withoutValue } from './tree.js'
import { pointAttribute } from './field.js'
import type { DerivedIdentities } from './identities.js'

export class Grouping extends AtOnce {
  /** @param keys names of attributes */
  constructor(
    private readonly keys: readonly string[],
    private readonly identities: DerivedIdentities,
  ) {
    super()
  }

  override take(record: Record, _: number, pass: Pass): void {
    const { identity, payload } = record
    pass(identity.type === 'metric' ? { identity: this.#point(identity), payload } : this.#grouped(record))
  }

  #grouped(record: Record): Record {
    const { identity, payload } = record
    const { attributes } = payload
    if (!isMap(attributes)) return record
    const there = this.keys.filter((key) => Object.hasOwn(attributes, key))
    const moved = there.map((key): [string, Json] => [key, attributes[key]])
    if (moved.length === 0) return record
    const left = moved.reduce((map, [key]) => withoutValue(map, [key]), attributes)
    const changed: Payload = withoutEmpty({ ...payload, attributes: left }, 'attributes')
    const grouped = this.identities.get(identity, canonical(moved), () => withResource(identity, moved))
    return { identity: grouped, payload: changed }
  }

  /** Of a data point the attributes are labels. */
  #point(identity: Identity): Identity {
    const moved = this.keys.flatMap((key): [string, Json][] => {
      const value = pointAttribute(identity, key)
      return value === undefined ? [] : [[key, value]]
    })
    if (moved.length === 0) return identity
    const keys = moved.map(([key]) => key)
    return this.identities.get(identity, '', () => withResource(withoutLabels(identity, keys), moved))
  }
}

function withResource({ type, name, labels, rest }: Identity, moved: readonly (readonly [string, Json])[]): Identity {
  const resource = isMap(rest.resource) ? rest.resource : {}
  return Identity.of(type, name, labels, {
    ...rest, resource: Object.fromEntries([...Object.entries(resource), ...moved]),
  })
}

function withoutLabels({ type, name, labels, rest }: Identity, keys: readonly string[]): Identity {
  const left = labelsOf([...labelPairs(labels)].filter(([label]) => !keys.includes(label)))
  const { attributes } = rest
  if (!isMap(attributes)) return Identity.of(type, name, left, rest)
  const typed = keys.reduce((map, key) => withoutValue(map, [key]), attributes)
  return Identity.of(type, name, left, withoutEmpty({ ...rest, attributes: typed }, 'attributes'))
}
