// Databases of MaxMind's format: addresses, fields, and files that change. The database is made here, as the format's
// specification (maxmind.github.io/MaxMind-DB) has it.

import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Clock } from '../../../lib/component.js'
import { GeoDatabase } from '../../../lib/geo/database.js'
import { geoFields } from '../../../lib/geo/fields.js'
import { freshFiles } from '../../../lib/io/fresh_file.js'
import { mmdb } from '../../support/mmdb.js'
import { missingPeers } from '../../support/peers.js'
import { sh } from '../../support/solder.js'
import { temporary } from '../../support/temporary.js'

const BERLIN = {
  continent: { code: 'EU', names: { en: 'Europe', de: 'Europa' } },
  country: { iso_code: 'DE', names: { en: 'Germany' } },
  subdivisions: [{ iso_code: 'X', names: { en: 'Xland' } }, { iso_code: 'BE', names: { en: 'Land Berlin' } }],
  city: { names: { en: 'Berlin' } },
  postal: { code: '10115' },
  location: { latitude: 52.5, longitude: 13.25, time_zone: 'Europe/Berlin' },
}
const PLACES = { '192.0.2.0/24': BERLIN, '2001:db8::/32': { country: { iso_code: 'FR', names: {} } }, '10.0.0.0/8': {} }
const NETWORKS = { '192.0.2.128/25': { autonomous_system_number: 64496, autonomous_system_organization: 'Example' } }

const fields = (db: GeoDatabase, address: string, type: 'city' | 'asn' | 'country') => {
  const found = geoFields(db, address, type)
  return found === undefined ? undefined : Object.fromEntries(found)
}

t.test('fields are those of Alloy', async (t) => {
  const places = new GeoDatabase(mmdb(PLACES, 'Test-City', 6), 'test')
  t.equal(places.type, 'Test-City')
  t.same(fields(places, '192.0.2.7', 'city'), {
    geoip_continent_name: 'Europe', geoip_continent_code: 'EU', geoip_country_name: 'Germany', geoip_country_code: 'DE',
    geoip_subdivision_name: 'Land Berlin', geoip_subdivision_code: 'BE', geoip_city_name: 'Berlin', geoip_postal_code: '10115',
    geoip_timezone: 'Europe/Berlin', geoip_location_latitude: 52.5, geoip_location_longitude: 13.25,
  })
  t.same(fields(places, '::ffff:192.0.2.7', 'country'), {
    geoip_continent_name: 'Europe', geoip_continent_code: 'EU', geoip_country_name: 'Germany', geoip_country_code: 'DE',
  })
  t.same(fields(places, '2001:db8:1::7', 'city'), { geoip_country_code: 'FR' })
  t.same(fields(places, '10.1.2.3', 'city'), {})
  t.same(fields(places, '198.51.100.1', 'city'), {}, 'not known')
})

t.test('what is no address is told from what is not known', async (t) => {
  const networks = new GeoDatabase(mmdb(NETWORKS, 'Test-ASN', 4), 'test')
  t.same(fields(networks, '192.0.2.200', 'asn'), { geoip_autonomous_system_number: 64496, geoip_autonomous_system_organization: 'Example' })
  t.same(fields(networks, '192.0.2.1', 'asn'), {})
  t.same(fields(networks, 'c000:2c8::', 'asn'), {}, 'no IPv6 in a database of IPv4')
  for (const text of ['', 'x', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.4 ', 'fe80::1%eth0', ':::', '1:2', '__proto__']) {
    t.equal(fields(networks, text, 'asn'), undefined, text)
  }
  t.throws(() => new GeoDatabase(Buffer.from('no database'), 'x.mmdb'), { message: "x.mmdb is no database of MaxMind's format" })
})

t.test('a file is read again when it has changed', async (t) => {
  const folder = temporary(t)
  const path = join(folder, 'a.txt')
  let now = 0
  const said: string[] = []
  let told = () => {}
  const say = (message: string) => {
    said.push(message.replace(path, 'FILE'))
    told()
  }
  const log = { debug: say, info: say, warn: say, error: say }
  const files = freshFiles({ clock: { monotonic: () => now } as Clock, log })
  const parse = (bytes: Buffer) => {
    if (bytes.includes('bad')) throw new Error('bad content')
    return bytes.toString()
  }
  await t.rejects(files.open(path, parse), { message: `cannot read ${path}: no such file or directory` })
  writeFileSync(path, 'one')
  const file = await files.open(path, parse)
  const change = async (content: string) => {
    const event = new Promise<void>((resolve) => (told = resolve))
    writeFileSync(`${path}.new`, content)
    renameSync(`${path}.new`, path)
    now += 10_000
    file.current()
    await event
    return file.current()
  }
  t.equal(await change('two, longer'), 'two, longer')
  t.equal(await change('a bad one'), 'two, longer')
  t.equal(await change('three'), 'three')
  t.same(said, ['FILE has changed: read again', 'FILE has changed and cannot be read, its old content serves on: bad content', 'FILE has changed: read again'])
})

t.test('enrich geoip extracts', async (t) => {
  const folder = temporary(t)
  writeFileSync(join(folder, 'city.mmdb'), mmdb(PLACES, 'Test-City', 6))
  const line = '{"type":"log","labels":{"ip":"192.0.2.9"},"ts":"1","body":"x"}\n'
  const ran = await sh(`solder enrich geoip city.mmdb ip --db-type country --custom-lookups 'first=subdivisions[0].names.en'`, { cwd: folder, stdin: line })
  t.equal(ran.stderr, '')
  t.same(JSON.parse(ran.stdout).extracted, {
    first: 'Xland', geoip_continent_code: 'EU', geoip_continent_name: 'Europe', geoip_country_code: 'DE', geoip_country_name: 'Germany',
  })
  const wrong = await sh('solder enrich geoip city.mmdb ip --db-type cty', { cwd: folder })
  t.equal(wrong.code, 2)
  t.match(wrong.stderr, /expected: city, asn, country\n {2}hint: did you mean 'city'\?/)
  t.match(await sh('solder enrich geoip none.mmdb ip --db-type city', { cwd: folder }), { code: 2, stderr: /cannot read none.mmdb/ })
})

t.test("MaxMind's own reader finds the same", { skip: missingPeers('mmdblookup') }, async (t) => {
  const folder = temporary(t)
  writeFileSync(join(folder, 'city.mmdb'), mmdb(PLACES, 'Test-City', 6))
  const places = new GeoDatabase(mmdb(PLACES, 'Test-City', 6), 'test')
  for (const address of ['192.0.2.7', '192.0.2.255', '192.0.3.0', '2001:db8::1', '2001:db9::1', '10.255.255.255', '0.0.0.0']) {
    const theirs = await sh(`mmdblookup --file city.mmdb --ip ${address} country iso_code`, { cwd: folder })
    const ours = fields(places, address, 'country')?.geoip_country_code
    t.equal(/"(.*)"/.exec(theirs.stdout)?.[1], ours, address)
  }
})
