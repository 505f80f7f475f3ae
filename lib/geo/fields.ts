// Fields of a place or network, named as in Alloy's stage geoip.

import type { Json } from '../record/json.js'
import type { GeoDatabase } from './database.js'

/** What a database holds; Alloy's `db_type`. */
export const DATABASE_TYPES = ['city', 'asn', 'country'] as const
export type DatabaseType = (typeof DATABASE_TYPES)[number]

type Fields = [name: string, value: Json][]

const CONTINENT: readonly (readonly [field: string, path: readonly (string | number)[]])[] = [
  ['geoip_continent_name', ['continent', 'names', 'en']],
  ['geoip_continent_code', ['continent', 'code']],
  ['geoip_country_name', ['country', 'names', 'en']],
  ['geoip_country_code', ['country', 'iso_code']],
]

/** Of several subdivisions the last one is the smallest. */
const FIELDS: { readonly [T in DatabaseType]: readonly (readonly [field: string, path: readonly (string | number)[]])[] } = {
  country: CONTINENT,
  city: [
    ...CONTINENT,
    ['geoip_subdivision_name', ['subdivisions', -1, 'names', 'en']],
    ['geoip_subdivision_code', ['subdivisions', -1, 'iso_code']],
    ['geoip_city_name', ['city', 'names', 'en']],
    ['geoip_postal_code', ['postal', 'code']],
    ['geoip_timezone', ['location', 'time_zone']],
  ],
  asn: [
    ['geoip_autonomous_system_number', ['autonomous_system_number']],
    ['geoip_autonomous_system_organization', ['autonomous_system_organization']],
  ],
}

/** What is known of an address; undefined where the text is no address. Empty texts and zeros are no fields. */
export function geoFields(database: GeoDatabase, address: string, type: DatabaseType): Fields | undefined {
  const record = database.record(address)
  if (record === undefined) return undefined
  const fields: Fields = []
  for (const [field, path] of FIELDS[type]) {
    const value = path.reduce<Json>(step, record)
    if (value !== null && value !== '' && value !== 0) fields.push([field, value])
  }
  if (type === 'city') fields.push(...location(record))
  return fields
}

function location(record: Json): Fields {
  const latitude = step(step(record, 'location'), 'latitude')
  const longitude = step(step(record, 'location'), 'longitude')
  // There is nothing where both are zero but water.
  if (!latitude && !longitude) return []
  return [['geoip_location_latitude', latitude ?? 0], ['geoip_location_longitude', longitude ?? 0]]
}

function step(value: Json, key: string | number): Json {
  if (Array.isArray(value)) return typeof key === 'number' ? ((value as readonly Json[]).at(key) ?? null) : null
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return null
  return (value as { readonly [name: string]: Json })[key]
}
