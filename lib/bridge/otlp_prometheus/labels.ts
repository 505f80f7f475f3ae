// Labels of series, of resource, scope and attributes.

import { type Labels, labelsOfMap } from '../../record/labels.js'
import type { Json } from '../../record/json.js'
import { sortedKeys } from '../../record/json.js'
import { type JsonMap, textOf } from '../../wire/otlp/value.js'
import { BRIDGE_SCOPE } from '../original.js'
import { isPlainName, type LabelNaming, labelName } from './names.js'

export interface LabelSettings {
  naming: LabelNaming
  /** Attributes of resources that become labels; with `promote_all_resource_attributes` those that do not. */
  promote_resource_attributes: ReadonlySet<string>
  promote_all_resource_attributes: boolean
  promote_scope_metadata: boolean
}

/** What a series is about. */
export interface Subject {
  resource: JsonMap
  /** `name`, `version`, `schema_url`, `attributes`; null: no scope. */
  scope: JsonMap | null
  /** Attributes of the data point, or of the resource for `target_info`. */
  attributes: JsonMap
  /** Attributes that become no labels. */
  ignored: ReadonlySet<string>
  what: 'data point' | 'resource'
  /** Whether attributes that look like labels are labels of Prometheus, which stay as they are. */
  plain: boolean
  /** For the labels `__type__` and `__unit__`; null: none of them. */
  told: { type: string; unit: string } | null
}

/** A set of labels in which an empty value is no label. */
export class LabelSet {
  readonly #map = new Map<string, string>()

  get(name: string): string {
    return this.#map.get(name) ?? ''
  }

  set(name: string, value: string): void {
    if (value === '') this.#map.delete(name)
    else this.#map.set(name, value)
  }

  with(...pairs: readonly (readonly [string, string])[]): Labels {
    return labelsOfMap(new Map([...this.#map, ...pairs]))
  }
}

/** The labels of a series, without its name. Throws an Error where an attribute can be none. */
export function seriesLabels(subject: Subject, settings: LabelSettings, warn: (warning: string) => void): LabelSet {
  const set = new LabelSet()
  addAttributes(set, subject, settings.naming, warn)
  for (const name of sortedKeys(subject.resource)) {
    if (settings.promote_resource_attributes.has(name) === settings.promote_all_resource_attributes) continue
    const label = labelName(name, settings.naming)
    if (set.get(label) === '') set.set(label, textOf(subject.resource[name]))
  }
  if (settings.promote_scope_metadata && subject.scope !== null) addScope(set, subject.scope, settings.naming)
  if (subject.told !== null) {
    if (subject.told.type !== 'unknown') set.set('__type__', subject.told.type)
    if (subject.told.unit !== '') set.set('__unit__', subject.told.unit)
  }
  addTarget(set, subject.resource)
  return set
}

/** Attributes whose names become the same are one label, with all their values. */
function addAttributes(
  set: LabelSet,
  { attributes, ignored, what, plain }: Subject,
  naming: LabelNaming,
  warn: (text: string) => void,
): void {
  const names = new Map<string, string[]>()
  for (const name of sortedKeys(attributes)) {
    if (ignored.has(name)) continue
    const value = textOf(attributes[name])
    // Names that stay as they are need not be any.
    const label = naming.escape && !(plain && isPlainName(name)) ? labelName(name, naming) : name
    const before = set.get(label)
    set.set(label, before === '' ? value : `${before};${value}`)
    const same = names.get(label)
    if (same === undefined) names.set(label, [name])
    else same.push(name)
  }
  for (const [label, same] of names) {
    if (same.length < 2) continue
    const list = same.map((name) => JSON.stringify(name)).join(', ')
    warn(
      `OTLP ${what} attributes ${list} collide as label ${JSON.stringify(label)} after name sanitization, ` +
        "values are concatenated with ';'",
    )
  }
}

/** A scope without a name is none; that of the bridge stands for none. */
function addScope(set: LabelSet, scope: JsonMap, naming: LabelNaming): void {
  if (text(scope.name) === '') return
  const attributes = (scope.attributes ?? {}) as JsonMap
  for (const name of sortedKeys(attributes)) set.set(labelName(`otel_scope_${name}`, naming), textOf(attributes[name]))
  if (scope.name !== BRIDGE_SCOPE) set.set('otel_scope_name', text(scope.name))
  set.set('otel_scope_version', text(scope.version))
  set.set('otel_scope_schema_url', text(scope.schema_url))
}

/** `job` and `instance`, of the attributes that identify a service. */
function addTarget(set: LabelSet, resource: JsonMap): void {
  const own = (name: string) => (Object.hasOwn(resource, name) ? textOf(resource[name]) : undefined)
  const service = own('service.name')
  const namespace = own('service.namespace')
  const instance = own('service.instance.id')
  if (service !== undefined) set.set('job', namespace === undefined ? service : `${namespace}/${service}`)
  if (instance !== undefined) set.set('instance', instance)
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
