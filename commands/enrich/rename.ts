// enrich rename: moves the value of a field of records to another one.

import { filter } from '../../lib/component.js'
import { EDIT_GUARANTEE, FIELDS_HELP, parseEdit, WHERE } from '../../lib/edit/options.js'

const SPAN = `printf '%s\\n' '{"type":"span","ts":"1","end":"2","name":"GET /","attributes":{"http.status_code":200}}'`

export default filter({
  name: 'enrich rename',
  summary: 'move the value of a field to another field',
  description: `
    Moves the value of the field FROM to the field TO, as it is, and with its type; what was there before is replaced. A record
    without FROM, or whose type has no field TO, stays as it is.

    ${FIELDS_HELP}`,
  since: '0.1.0',
  accepts: ['any'],
  emits: ['same'],
  guarantee: EDIT_GUARANTEE,
  args: [
    { name: 'FROM', help: 'the field as it is', required: true },
    { name: 'TO', help: 'the field that it becomes', required: true },
  ],
  options: WHERE,
  async check({ args: [from, to], options }) {
    await parseEdit([[from, 'delete'], [to, 'set']], options)
  },
  examples: [
    {
      command: `${SPAN} | solder enrich rename 'attributes["http.status_code"]' 'attributes["http.response.status_code"]'`,
      about: 'use the newer name of an attribute',
    },
    {
      command: 'solder enrich rename \'resource["k8s.pod.name"]\' labels.pod < /dev/null',
      about: 'make a label of what the resource says',
    },
  ],
  async create({ args: [from, to], options }, context) {
    const { editTransform } = await import('../../lib/edit/edit.js')
    const { renameEdit } = await import('../../lib/edit/edits.js')
    const { fields, where } = await parseEdit([[from, 'delete'], [to, 'set']], options)
    return editTransform(renameEdit(fields[0], fields[1]), where, context)
  },
})
