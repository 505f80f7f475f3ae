// enrich redact: hides secrets and personal data in lines, attributes and labels.

import { filter, type Input, type Pass, type StatefulTransform } from '../../lib/component.js'
import { collect, Problem, throwAll } from '../../lib/diag/problem.js'
import { readRedactRules } from '../../lib/io/redact_file.js'
import { openSecret } from '../../lib/net/secret.js'
import { namesOf } from '../../lib/logs/command.js'
import { RecordRedactor, REDACT_FIELDS, type RedactField } from '../../lib/redact/record.js'

const since = '0.1.0'
const LINE = `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1","body":"login ann@example.com password=hunter2"}'`

const OPTIONS = {
  rules: { type: 'list', default: ['secrets', 'card', 'email'], value: 'NAME', help: 'rules in use: names, or groups (secrets, personal, addresses)', since },
  without: { type: 'list', value: 'NAME', help: 'rules, or groups of them, that are not', since },
  rules_file: { type: 'path', value: 'FILE', readAtStart: true, help: 'own rules, which come first', since },
  replace: { type: 'string', value: 'TEXT', help: 'what stands instead; ${rule} is the name of the rule, ${hash} a keyed hash; default <${rule}>, with --key <${rule}#${hash}>', since },
  key: { type: 'secret', help: 'key of the hashes (HMAC-SHA-256)', since },
  fields: { type: 'list', default: [...REDACT_FIELDS], value: 'NAME', help: 'where to look: line, attributes, extracted, labels, resource', since },
  metric_labels: { type: 'bool', help: 'look at the labels of metrics, too', since },
} as const

export default filter({
  name: 'enrich redact',
  summary: 'hide secrets and personal data in lines, attributes and labels',
  description: `
    Looks for keys, tokens, passwords, numbers of cards and e-mail addresses, and puts a placeholder such as <github_token> in
    their place: in the line, attributes (those of a span's events and links, too), extracted fields, labels and resource (and
    scope) of logs and spans. The line of a span is its name and what its status says; names of events go with attributes. Times,
    ids and numbers stay. The rules, by their groups, are:

    secrets: private_key jwt aws_access_key aws_secret_key gcp_api_key google_oauth azure_account_key azure_sas github_token
    gitlab_token slack_token slack_webhook discord_webhook telegram_token stripe_key shopify_token sendgrid_key npm_token
    openai_key huggingface_token digitalocean_token vault_token grafana_token databricks_token age_key url_password
    basic_auth bearer_token password generic_secret; personal: card email iban phone; addresses: ipv4 ipv6 mac.

    A private key is hidden also where a program logged it line by line, so that it is in many records of a stream: from its
    first line on, for as long as lines look like one.

    generic_secret looks at how random a text behind token=, api_key: and the like is; card, iban and basic_auth check what they
    find. Attributes and labels of names such as password or authorization are hidden whatever they hold.

    With --key the placeholder has a hash of what it stands for, so that equal values can still be told from others; the same
    key gives the same hashes. Own rules are a YAML file: rules, a list of maps with name, pattern (RE2), and, if you like, group
    (which group of the pattern is hidden), keywords (texts of which one is in every match: it makes the rule cheap), entropy
    (bits in a character that it must have) and replace.

    No set of rules finds everything. What was hidden is counted by rule and told at the end.`,
  since,
  accepts: ['log', 'span', 'metric'],
  emits: ['same'],
  guarantee: 'Nothing is lost. What was hidden cannot be found again, but by who has the key and knows what to try.',
  args: [],
  options: OPTIONS,
  check: async (input) => void (await redactorOf(input)),
  examples: [
    { command: `${LINE} | solder enrich redact`, about: 'hide an address and a password' },
    { command: `${LINE} | solder enrich redact --rules email --key env:HOME`, about: 'put a hash in place of an address, that stays the same' },
    { command: `${LINE} | solder enrich redact --without email --replace '***'`, about: 'leave addresses as they are' },
  ],
  async create(input, context): Promise<StatefulTransform> {
    const redactor = await redactorOf(input)
    return {
      take: (record, _, pass: Pass) => pass(redactor.record(record)),
      held: () => Infinity,
      due: () => Infinity,
      tick() {},
      flush() {
        const told = [...redactor.counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([rule, count]) => `${rule} ${count}`)
        if (told.length > 0) context.log.info(`hidden: ${told.join(', ')}`)
      },
    }
  },
})

async function redactorOf({ options }: Input<typeof OPTIONS>): Promise<RecordRedactor> {
  const { chooseRules } = await import('../../lib/redact/choice.js')
  const { keyedHash, Redactor } = await import('../../lib/redact/redactor.js')
  const problems: Problem[] = []
  const file = options.rules_file
  const own = file === undefined ? [] : ((await collect(problems, () => readRedactRules(file))) ?? [])
  const rules = await collect(problems, () => chooseRules(options.rules, options.without, own))
  const key = openSecret(options.key, '--key', problems)?.value
  const fields = namesOf(options.fields) as RedactField[]
  for (const name of fields.filter((name) => !REDACT_FIELDS.includes(name))) {
    problems.push(new Problem(`--fields: unknown field '${name}'`, { expected: REDACT_FIELDS.join(', ') }))
  }
  const replace = options.replace ?? (key === undefined ? '<${rule}>' : '<${rule}#${hash}>')
  const hash = key === undefined ? undefined : keyedHash(key)
  const redactor = await collect(problems, () => new Redactor(rules ?? [], replace, hash))
  throwAll(problems)
  return new RecordRedactor(redactor!, new Set(fields), options.metric_labels)
}
