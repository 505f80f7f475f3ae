// enrich set: sets a field of records to the value of an expression.

import { filter } from '../../lib/component.js'
import { EDIT_GUARANTEE, FIELDS_HELP, parseEdit, WHERE } from '../../lib/edit/options.js'

const SPAN = `printf '%s\\n' '{"type":"span","resource":{"service.name":"shop"},"ts":"1","end":"2","name":"GET /item/7"}'`

export default filter({
  name: 'enrich set',
  summary: 'set a field of records to the value of an expression',
  description: `
    Sets the field ATTRIBUTE of every record to what the expression VALUE gives (CEL, as in 'filter'). Where that is null, because
    it reads what is not there, the record stays as it is.

    ${FIELDS_HELP}

    A text is given in quotes within the quotes of the shell. Labels and fields that are text take the text of any value.
    Times take timestamps: ts = observed. Doubles stay doubles and ints ints, as OTLP has them; timestamps and durations become
    text.`,
  since: '0.1.0',
  accepts: ['any'],
  emits: ['same'],
  guarantee: EDIT_GUARANTEE,
  args: [
    { name: 'ATTRIBUTE', help: 'the field', required: true },
    { name: 'VALUE', help: 'what it becomes, a CEL expression in quotes', required: true },
  ],
  options: WHERE,
  async check({ args: [field, value], options }) {
    await parseEdit([[field, 'set']], options, value)
  },
  examples: [
    {
      command: `${SPAN} | solder enrich set 'attributes["http.route"]' '"/item/{id}"' --where 'name.startsWith("GET /item/")'`,
      about: 'name a route',
    },
    {
      command: `${SPAN} | solder enrich set name 'resource["service.name"] + ": " + name'`,
      about: 'put the service in front of the name',
    },
    {
      command: 'solder enrich set labels.team \'"infra"\' --where \'labels.job == "node"\' < /dev/null',
      about: 'label the metrics of a job',
    },
  ],
  async create({ args: [field, value], options }, context) {
    const { editTransform } = await import('../../lib/edit/edit.js')
    const { setEdit } = await import('../../lib/edit/edits.js')
    const parsed = await parseEdit([[field, 'set']], options, value)
    return editTransform(setEdit(parsed.fields[0], parsed.expression!), parsed.where, context)
  },
})
