// enrich geoip: extracts the place or the network of an IP address.

import { filter, type Input } from '../../lib/component.js'
import { freshFiles } from '../../lib/io/fresh_file.js'
import { stageContext } from '../../lib/logs/build.js'
import { KEEPS_ALL, LOG_FILTER, without } from '../../lib/logs/command.js'
import { Chain, ChainTransform } from '../../lib/logs/stage.js'
import geoip from '../../lib/logs/stages/geoip.js'

const OPTIONS = without(geoip.options, 'db', 'source')

export default filter({
  ...LOG_FILTER,
  name: 'enrich geoip',
  summary: 'extract the place or the network of an IP address',
  description: `
    Looks the address in the extracted field FIELD, or in the label of that name, up in MMDB_FILE, a database of
    MaxMind's format (.mmdb), and extracts what it says of it. With --db-type city: geoip_city_name,
    geoip_country_name, geoip_country_code, geoip_continent_name, geoip_continent_code, geoip_subdivision_name,
    geoip_subdivision_code, geoip_postal_code, geoip_timezone, geoip_location_latitude and geoip_location_longitude,
    as far as they are known. With country: those of country and continent. With asn: geoip_autonomous_system_number
    and geoip_autonomous_system_organization. --custom-lookups takes anything else out of the database, by JMESPath.

    The database is held in memory, and read again within ten seconds after it was replaced; the old one serves on
    where the new one cannot be read.`,
  guarantee: `${KEEPS_ALL} Entries whose field holds no address are counted in a warning.`,
  args: [
    { name: 'MMDB_FILE', help: 'a database in MaxMind\'s format', required: true, path: true, readAtStart: true },
    { name: 'FIELD', help: 'extracted field or label with the address', required: true },
  ],
  options: OPTIONS,
  check: async (input) => void (await prepared(input)),
  examples: [
    {
      command: `solder receive file /var/log/nginx/access.log | solder enrich pattern '<ip> <_>' | solder enrich geoip GeoLite2-City.mmdb ip --db-type city | solder enrich labels geoip_country_code`,
      about: 'label lines with the country of the client', needs: 'a database',
    },
  ],
  async create(input, context) {
    const ready = await prepared(input)
    const { max_identities } = input.options as { max_identities?: number }
    const common = stageContext(context, max_identities, true, freshFiles(context))
    return new ChainTransform(new Chain([await ready(common, undefined)], context.account), common)
  },
})

const prepared = async ({ args: [db, source], options }: Input<typeof OPTIONS>) =>
  geoip.prepare({ ...options, db, source }, [], 0)
