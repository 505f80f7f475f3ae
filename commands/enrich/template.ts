// enrich template: fills in a template of Go's text/template.

import { filter } from '../../lib/component.js'
import { checkStage, LOG_FILTER, stageTransform, without } from '../../lib/logs/command.js'
import template from '../../lib/logs/stages/template.js'

const OPTIONS = without(template.options, 'source', 'template')
const LINE = `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"paid","extracted":{"level":"WARNING","user":"ann"}}'`

export default filter({
  ...LOG_FILTER,
  name: 'enrich template',
  summary: "fill in a template of Go's text/template",
  description: `
    Sets the extracted field FIELD to what TEMPLATE gives: a template of Go's text/template, as in the stage template
    of Promtail and Alloy. In it {{ .NAME }} is the extracted field or label NAME, {{ .Value }} what FIELD was, {{
    .Entry }} the line. An empty text removes the field. Variables, if, with, range, define, block and comments work
    as in Go.

    Functions are Go's own (eq ne lt le gt ge and or not len index slice print printf println html js urlquery), those
    of Promtail and Alloy (ToLower ToUpper Replace Trim TrimLeft TrimRight TrimPrefix TrimSuffix TrimSpace
    regexReplaceAll regexReplaceAllLiteral Hash Sha2Hash) and sprig's, but for those that look at the machine or the
    network (env, expandenv, getHostByName), make keys or certificates, or are random, and but for wrap, wrapWith,
    abbrevboth, urlParse, urlJoin, semver and semverCompare. now and date use UTC.

    A template is checked before anything is read. Its output may have 1 Mi characters, and it may take 10,000 steps.`,
  guarantee: 'Nothing is lost: where the template has no text for an entry (a field is missing, an argument has another type), the field stays as it is.',
  args: [
    { name: 'FIELD', help: 'extracted field that is set', required: true },
    { name: 'TEMPLATE', help: 'the template, in quotes', required: true },
  ],
  options: OPTIONS,
  check: ({ args: [source, text], options }) => checkStage(template, { ...options, source, template: text }),
  examples: [
    { command: `${LINE} | solder enrich template level '{{ if eq .Value "WARNING" }}warn{{ else }}{{ ToLower .Value }}{{ end }}'`, about: 'shorten a level' },
    { command: `${LINE} | solder enrich template message '{{ .Entry }} by {{ .user | default "nobody" }}'`, about: 'make a field of others' },
  ],
  create: ({ args: [source, text], options }, context) =>
    stageTransform(template, { ...options, source, template: text }, options, context),
})
