// Whose a series is: job, instance and what target_info says become the resource, labels of the scope the scope.

import type { IdentityRest } from '../../record/identity.js'
import type { Json } from '../../record/json.js'
import { type Labels, labelPairs } from '../../record/labels.js'
import { BRIDGE_SCOPE } from '../original.js'

/** The series that describes a target (OpenMetrics 1.0, "Supporting target metadata"). */
export const TARGET_INFO = 'target_info'

const SCOPE_LABEL = 'otel_scope_'
const SCOPE_FIELDS = ['name', 'version', 'schema_url']

/** A target: its resource, and how often that has changed. */
export interface Target {
  resource: { readonly [name: string]: Json } | undefined
  version: number
}

/** The labels of a series, parted. */
export interface Origin {
  target: Target
  scope: { readonly [key: string]: Json }
  /** What is left. */
  labels: Labels
}

export class Origins {
  /** By job and instance. */
  readonly #targets = new Map<string, Target>()

  /** @param max targets remembered */
  constructor(private readonly max: number) {}

  /** @param without labels that are left out */
  originOf(labels: Labels, without: string): Origin {
    const rest: string[] = []
    const scope: [string, Json][] = []
    const attributes: [string, Json][] = []
    let job = ''
    let instance = ''
    for (const [name, value] of labelPairs(labels)) {
      if (value === '' || name === without) continue
      if (name === 'job') job = value
      else if (name === 'instance') instance = value
      else if (!name.startsWith(SCOPE_LABEL) || name === SCOPE_LABEL) rest.push(name, value)
      else {
        const field = name.slice(SCOPE_LABEL.length)
        ;(SCOPE_FIELDS.includes(field) ? scope : attributes).push([field, value])
      }
    }
    if (!scope.some(([field]) => field === 'name')) scope.push(['name', BRIDGE_SCOPE])
    if (attributes.length > 0) scope.push(['attributes', Object.fromEntries(attributes)])
    return { target: this.#target(job, instance), scope: Object.fromEntries(scope), labels: rest }
  }

  /** Takes in what `target_info` says, or that it says nothing any more. */
  tell(labels: Labels, gone: boolean): void {
    const { target, labels: more } = this.originOf(labels, '__name__')
    const { 'service.name': service, 'service.instance.id': instance } = target.resource ?? {}
    const told = gone ? {} : Object.fromEntries(labelPairs(more))
    const resource = { ...resourceOf(text(service), text(instance)), ...told }
    if (JSON.stringify(resource) === JSON.stringify(target.resource ?? {})) return
    target.resource = resource
    target.version++
  }

  #target(job: string, instance: string): Target {
    const key = `${job}\n${instance}`
    let target = this.#targets.get(key)
    if (target === undefined) {
      const resource = job === '' && instance === '' ? undefined : resourceOf(job, instance)
      this.#targets.set(key, (target = { resource, version: 0 }))
      if (this.#targets.size > this.max) this.#targets.delete(this.#targets.keys().next().value!)
    }
    return target
  }
}

function resourceOf(job: string, instance: string): { [name: string]: Json } {
  return { ...(job !== '' && { 'service.name': job }), ...(instance !== '' && { 'service.instance.id': instance }) }
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** What an identity says of where it comes from. */
export function restOf({ target, scope }: Origin): IdentityRest {
  return { ...(target.resource !== undefined && { resource: target.resource }), scope }
}
