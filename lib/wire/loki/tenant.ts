// Tenants as Loki has them: an id in a header, and in solder a label.

/** The label that says for which tenant a record is; it never goes to a backend. */
export const TENANT_LABEL = '__tenant_id__'

/** The header of requests. */
export const TENANT_HEADER = 'x-scope-orgid'

/** What Loki takes, all of it safe in a header. */
const TENANT = /^[\w!.*'()-]{1,150}$/

/** What is wrong with a tenant, or null. */
export function tenantComplaint(tenant: string): string | null {
  if (TENANT.test(tenant)) return null
  const shown = JSON.stringify(tenant.slice(0, 200))
  return `tenant ${shown}: Loki takes up to 150 letters, digits and !-_.*'()`
}
