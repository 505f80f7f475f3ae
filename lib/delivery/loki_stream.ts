// The stream and the tenant that a record's labels and resource name.

import { DEFAULT_RESOURCE_LABELS } from '../bridge/otlp_loki.js'
import { type Labels, labelPairs, labelsOfMap } from '../record/labels.js'
import { streamText } from '../wire/loki/labels.js'
import { TENANT_LABEL, tenantComplaint } from '../wire/loki/tenant.js'

/** The attributes of resources that become labels. */
export function promotedAttributes({ resource_label, default_resource_labels }: ResourceLabels): ReadonlySet<string> {
  return new Set([...(default_resource_labels ? DEFAULT_RESOURCE_LABELS : []), ...resource_label])
}

export interface ResourceLabels {
  readonly resource_label: readonly string[]
  readonly default_resource_labels: boolean
}

/** As in Prometheus; Loki knows no others. */
const LABEL_NAME = /^[A-Za-z_]\w*$/

/**
 * The labels as text, and the tenant, `''` for none; or what is wrong with them. Labels that begin with two underscores,
 * and empty ones, are left out.
 *
 * @param more labels that are set where they are not there
 */
export function streamOf(
  labels: Labels,
  more: ReadonlyMap<string, string>,
  tenant = '',
): { text: string; tenant: string } | string {
  const all = more.size === 0 ? labels : labelsOfMap(new Map([...more, ...labelPairs(labels)]))
  const own: string[] = []
  let named = tenant
  for (const [name, value] of labelPairs(all)) {
    if (name === TENANT_LABEL && value !== '') named = value
    if (name.startsWith('__') || value === '') continue
    if (!LABEL_NAME.test(name)) return `label name ${JSON.stringify(name)}: Loki takes letters, digits and underscores`
    own.push(name, value)
  }
  if (own.length === 0) return 'no labels: Loki refuses a stream without any (--label would give one)'
  const wrong = named === '' ? null : tenantComplaint(named)
  return wrong ?? { text: streamText(own), tenant: named }
}
