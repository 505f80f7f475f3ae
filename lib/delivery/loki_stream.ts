// The stream and the tenant that a record's labels name.

import { type Labels, labelPairs, labelsOfMap } from '../record/labels.js'
import { streamText } from '../wire/loki/labels.js'
import { TENANT_LABEL } from '../wire/loki/records.js'

/** As in Prometheus; Loki knows no others. */
const LABEL_NAME = /^[A-Za-z_]\w*$/
/** What Loki takes for a tenant, all of it safe in a header. */
const TENANT = /^[\w!.*'()-]{1,150}$/

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

/** What is wrong with a tenant, or null. */
export function tenantComplaint(tenant: string): string | null {
  if (TENANT.test(tenant)) return null
  const shown = JSON.stringify(tenant.slice(0, 200))
  return `tenant ${shown}: Loki takes up to 150 letters, digits and !-_.*'()`
}
