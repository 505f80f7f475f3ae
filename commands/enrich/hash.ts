// enrich hash: puts the hash of a field in its place.

import { filter, type Input } from '../../lib/component.js'
import { collect, type Problem, throwAll } from '../../lib/diag/problem.js'
import { EDIT_GUARANTEE, FIELDS_HELP, parseEdit, WHERE } from '../../lib/edit/options.js'
import { openSecret } from '../../lib/net/secret.js'

const SPAN = `printf '%s\\n' '{"type":"span","ts":"1","end":"2","name":"login","attributes":{"user.id":"ann"}}'`

const OPTIONS = {
  ...WHERE,
  algorithm: { type: 'enum', values: ['sha256', 'sha512', 'sha1', 'md5'], default: 'sha256', help: 'the hash', since: '0.1.0' },
  key: {
    type: 'secret', help: 'key of the hash (HMAC): without it, what has few forms can be found out by trying them', since: '0.1.0',
  },
} as const

export default filter({
  name: 'enrich hash',
  summary: 'put the hash of a field in its place',
  description: `
    Replaces the value of each field ATTRIBUTE by the hexadecimal digits of its hash: equal values can still be told from others,
    and joined, and what they were is not said any more. The hash is that of the value's text.

    ${FIELDS_HELP}`,
  since: '0.1.0',
  accepts: ['any'],
  emits: ['same'],
  guarantee: EDIT_GUARANTEE,
  args: [{ name: 'ATTRIBUTE', help: 'the field', required: true, variadic: true }],
  options: OPTIONS,
  check: async (input) => void (await parsed(input)),
  examples: [
    { command: `${SPAN} | solder enrich hash 'attributes["user.id"]'`, about: 'hide who it was' },
    { command: `${SPAN} | solder enrich hash 'attributes["user.id"]' --key env:HOME`, about: 'so that nobody can try names' },
  ],
  async create(input, context) {
    const { editTransform } = await import('../../lib/edit/edit.js')
    const { hashEdit, hasher } = await import('../../lib/edit/edits.js')
    const { fields, where, key } = await parsed(input)
    return editTransform(hashEdit(fields, hasher(input.options.algorithm, key)), where, context)
  },
})

async function parsed({ args, options }: Input<typeof OPTIONS>) {
  const problems: Problem[] = []
  const key = openSecret(options.key, '--key', problems)?.value
  const edit = await collect(problems, () => parseEdit(args.map((arg) => [arg, 'set'] as const), options))
  throwAll(problems)
  return { ...edit!, key }
}
