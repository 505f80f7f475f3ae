// enrich delete: takes fields out of records.

import { filter } from '../../lib/component.js'
import { EDIT_GUARANTEE, FIELDS_HELP, parseEdit, WHERE } from '../../lib/edit/options.js'

const SPAN = `printf '%s\\n' '{"type":"span","ts":"1","end":"2","name":"GET /","attributes":{"http.user_agent":"curl/8","url.path":"/"}}'`

export default filter({
  name: 'enrich delete',
  summary: 'take fields out of records',
  description: `
    Takes each field ATTRIBUTE out of every record that has it.

    ${FIELDS_HELP}`,
  since: '0.1.0',
  accepts: ['any'],
  emits: ['same'],
  guarantee: EDIT_GUARANTEE,
  args: [{ name: 'ATTRIBUTE', help: 'the field', required: true, variadic: true }],
  options: WHERE,
  async check({ args, options }) {
    await parseEdit(args.map((arg) => [arg, 'delete'] as const), options)
  },
  examples: [
    { command: `${SPAN} | solder enrich delete 'attributes["http.user_agent"]'`, about: 'drop an attribute' },
    {
      command: `solder enrich delete events links --where 'status.code != "error"' < /dev/null`,
      about: 'keep details of failures alone',
    },
  ],
  async create({ args, options }, context) {
    const { editTransform } = await import('../../lib/edit/edit.js')
    const { deleteEdit } = await import('../../lib/edit/edits.js')
    const { fields, where } = await parseEdit(args.map((arg) => [arg, 'delete'] as const), options)
    return editTransform(deleteEdit(fields), where, context)
  },
})
