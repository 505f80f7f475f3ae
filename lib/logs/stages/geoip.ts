// geoip: extracts the place or the network of an IP address, from a database of MaxMind's format.

import { didYouMean, Problem } from '../../diag/problem.js'
import { GeoDatabase } from '../../geo/database.js'
import { DATABASE_TYPES, type DatabaseType, geoFields } from '../../geo/fields.js'
import { defineStage } from '../definition.js'
import { jmesPath } from '../jmespath.js'
import { textOf } from '../text.js'

export default defineStage({
  name: 'geoip',
  options: {
    db: {
      type: 'path', since: '0.1.0', value: 'FILE',
      help: 'database in MaxMind\'s format (.mmdb); it is read again when it has changed',
    },
    source: { type: 'string', help: 'field with the address', since: '0.1.0', value: 'FIELD' },
    db_type: { type: 'string', help: 'what to extract: city, asn or country', since: '0.1.0', value: 'TYPE' },
    custom_lookups: {
      type: 'map', since: '0.1.0', value: 'FIELD=EXPRESSION',
      help: 'a field and the JMESPath expression for its value in the database',
    },
  },
  async prepare({ db = '', source = '', db_type = '', custom_lookups }) {
    if (db === '') throw new Problem('db path cannot be empty')
    if (source === '') throw new Problem('source cannot be empty', { expected: 'the field with the address' })
    if (db_type === '' && custom_lookups.size === 0) throw new Problem('db type or values need to be set')
    const type = DATABASE_TYPES.find((known) => known === db_type)
    if (db_type !== '' && type === undefined) {
      const expected = DATABASE_TYPES.join(', ')
      throw new Problem('db type should be either city or asn', { expected, hint: didYouMean(db_type, DATABASE_TYPES) })
    }
    const lookups = await Promise.all(
      [...custom_lookups].map(async ([field, expression]) => [field, await jmesPath(expression || field)] as const),
    )
    return async ({ files, notes }) => {
      const database = await files.open(db, (bytes) => new GeoDatabase(bytes, db))
      return {
        process(entry) {
          const address = textOf(entry.get(source))
          if (address === undefined) return undefined
          const places = database.current()
          const record = places.record(address)
          if (record === undefined) {
            notes.count(`geoip: no address in ${source}`)
            return undefined
          }
          for (const [field, value] of fieldsOf(places, address, type)) entry.set(field, value)
          for (const [field, search] of lookups) {
            const value = search(record)
            if (value !== undefined && value !== null) entry.set(field, value)
          }
          return undefined
        },
      }
    }
  },
})

const fieldsOf = (places: GeoDatabase, address: string, type: DatabaseType | undefined) =>
  type === undefined ? [] : (geoFields(places, address, type) ?? [])
