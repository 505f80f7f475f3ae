// What redacting finds and what it leaves alone; replacements, own rules, records.

import t from 'tap'
import redact from '../../../commands/enrich/redact.js'
import { Problems, problemsOf, renderProblem } from '../../../lib/diag/problem.js'
import { Identity } from '../../../lib/record/identity.js'
import { labelsOfObject } from '../../../lib/record/labels.js'
import type { Payload } from '../../../lib/record/record.js'
import { chooseRules, REDACT_RULES } from '../../../lib/redact/choice.js'
import { parseRedactRules } from '../../../lib/redact/document.js'
import { REDACT_FIELDS, RecordRedactor } from '../../../lib/redact/record.js'
import { keyedHash, Redactor } from '../../../lib/redact/redactor.js'
import { entropy } from '../../../lib/redact/rule.js'
import fc from '../../support/property.js'

const all = new Redactor(REDACT_RULES, '<${rule}>', undefined)
const usual = new Redactor(chooseRules(['secrets', 'card', 'email'], [], []), '<${rule}>', undefined)

/** Characters without a pattern; made of pieces, so that nobody takes them for real keys. */
const random = (length: number, alphabet = 'kR7vPz2LmQ9xT4wNb8YcHs3GdFj6Ae1U') => {
  let text = ''
  for (let i = 0; i < length; i++) text += alphabet[(i * 7 + Math.floor(i / 3)) % alphabet.length]
  return text
}
const hex = (length: number) => random(length, '3fa9c07be2d41865')

const SECRETS: readonly (readonly [rule: string, secret: string])[] = [
  ['aws_access_key', `AKIA${random(16, 'QW3RT5YUI2OPAS7D')}`],
  ['gcp_api_key', `AIza${random(35)}`],
  ['google_oauth', `ya29.${random(60)}`],
  ['github_token', `ghp_${random(36)}`],
  ['github_token', `github_pat_${random(82)}`],
  ['gitlab_token', `glpat-${random(20)}`],
  ['slack_token', `xoxb-1234567890-${random(24)}`],
  ['telegram_token', `123456789:AA${random(33)}`],
  ['stripe_key', `sk_live_${random(24)}`],
  ['shopify_token', `shpat_${hex(32)}`],
  ['sendgrid_key', `SG.${random(22)}.${random(43)}`],
  ['npm_token', `npm_${random(36)}`],
  ['openai_key', `sk-ant-api03-${random(40)}`],
  ['huggingface_token', `hf_${random(34)}`],
  ['digitalocean_token', `dop_v1_${hex(64)}`],
  ['vault_token', `hvs.${random(28)}`],
  ['grafana_token', `glsa_${random(32)}_${hex(8)}`],
  ['databricks_token', `dapi${hex(32)}`],
  ['age_key', `AGE-SECRET-KEY-1${random(58, 'QW3RT5YUI2OPAS7D')}`],
  ['jwt', `eyJ${random(20)}.eyJ${random(30)}.${random(43)}`],
  ['private_key', `-----BEGIN RSA PRIVATE KEY-----\n${random(64)}\n-----END RSA PRIVATE KEY-----`],
  [
    'private_key',
    `-----BEGIN OPENSSH PRIVATE KEY-----\r\n${random(70)}\r\n${random(9)}=\r\n-----END OPENSSH PRIVATE KEY-----`,
  ],
  ['private_key', `-----BEGIN PRIVATE KEY-----\\n${random(64)}\\n${random(64)}\\n-----END PRIVATE KEY-----`],
  [
    'private_key',
    `-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n${random(64)}\n=ab+d\n-----END PGP PRIVATE KEY BLOCK-----`,
  ],
  ['private_key', `${random(64)}\n${random(64)}\n${random(8)}==\n-----END RSA PRIVATE KEY-----`],
  [
    'private_key',
    `---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n${random(70)}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----`,
  ],
  ['private_key', `Private-Lines: 2\n${random(64)}\n${random(20)}=`],
  ['private_key', `Private-Lines: 2\n${random(64)}\n${random(20)}=\nPrivate-MAC: ${hex(40)}`],
  ['card', '4111 1111 1111 1111'],
  ['card', '378282246310005'],
  ['email', 'ann.b+news@mail.example.org'],
  ['iban', 'DE89 3704 0044 0532 0130 00'],
  ['phone', '+49 30 901820'],
  ['ipv4', '203.0.113.77'],
  ['ipv6', '2001:db8::7'],
  ['ipv6', 'fe80:0:0:0:1:2:3:4'],
  ['mac', '00:1b:44:11:3a:b7'],
]

const AROUND = [
  ['', ''], ['said ', ' twice'], ['x="', '"'], ['{"k":"', '"}'], ['(', ')'], ['[', '],'], ['a\n', '\n'],
]

t.test('each form is found, in whatever it stands', async (t) => {
  for (const [rule, secret] of SECRETS) {
    for (const [before, after] of AROUND) {
      t.equal(all.text(before + secret + after), `${before}<${rule}>${after}`, `${rule} in ${before}…${after}`)
    }
  }
})

const SENTENCES: readonly (readonly [line: string, hidden: string])[] = [
  ['Authorization: Basic dXNlcjpwYXNz', 'Authorization: Basic <basic_auth>'],
  [`authorization: bearer ${random(30)}`, 'authorization: bearer <bearer_token>'],
  ['postgres://app:s3cr3t@db:5432/shop', 'postgres://app:<url_password>@db:5432/shop'],
  ['amqp://:pw@host', 'amqp://:<url_password>@host'],
  ['password=hunter2 user=ann', 'password=<password> user=ann'],
  ['{"user":"ann","password":"a b\\"c"}', '{"user":"ann","password":"<password>"}'],
  ['{"m":"{\\"pwd\\":\\"x y\\"}"}', '{"m":"{\\"pwd\\":\\"<password>\\"}"}'],
  ["db_password: 'x y'", "db_password: '<password>'"],
  ['GET /?passwd=abc&x=1', 'GET /?passwd=<password>&x=1'],
  [`api_key=${random(24)} ok`, 'api_key=<generic_secret> ok'],
  [`"access_token": "${random(40)}"`, '"access_token": "<generic_secret>"'],
  [`AWS_SECRET_ACCESS_KEY=${random(40)}`, 'AWS_SECRET_ACCESS_KEY=<aws_secret_key>'],
  [
    `https://hooks.slack.com/services/T00000000/B00000000/${random(24)}`,
    'https://hooks.slack.com/services/<slack_webhook>',
  ],
  [
    `https://x.blob.core.windows.net/a?sv=1&sig=${random(43)}%3D`,
    'https://x.blob.core.windows.net/a?sv=1&sig=<azure_sas>',
  ],
  ['to=ann@example.com,bob@example.com', 'to=<email>,<email>'],
  ['mailto:ann@example.com.', 'mailto:<email>.'],
]

t.test('names, headers and URLs tell what is secret', async (t) => {
  for (const [line, hidden] of SENTENCES) t.equal(usual.text(line), hidden)
})

const INNOCENT = [
  'user password reset requested', 'password: incorrect', 'invalid token: expired',
  'token count=1500 tokens=12', 'secret=***',
  'password=<redacted> password=${DB_PASSWORD} pwd=[hidden]', 'basic authentication failed',
  'Bearer authentication is required here',
  '@scope/package@1.2.3', 'a@b', 'order 1763804400123000000 at 1763804400123', 'id=4111111111111112',
  'trace 4bf92f3577b34da6a3ce929d0e0e4736 span 00f067aa0ba902b7', 'v1.2.3.4.5 and 1.2.3',
  '12:30:45.123 a::b std::vector 10:20:30:40',
  'https://example.com/a:b@c', 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'eyJ is how JSON begins',
  '2026-01-31 12:00:00 2026-01-31 13:00:00', 'sk_live_ is a prefix', 'AKIA',
  'level=info msg="GET /api/v1/users 200 1.3ms" caller=main.go:42',
]

t.test('what only looks like it stays', async (t) => {
  for (const line of INNOCENT) t.equal(usual.text(line), line)
  const line = '12:30:45 a::b std::vector 10:20:30:40:50:60 1.2.3 v1.2.3.4.5'
  t.equal(all.text(line), line.replace('10:20:30:40:50:60', '<mac>'))
})

t.test('what was redacted is not redacted again', async (t) => {
  for (const [line] of SENTENCES) t.equal(usual.text(usual.text(line)), usual.text(line))
  const hashed = new Redactor(REDACT_RULES, '<${rule}#${hash}>', keyedHash('k'))
  for (const [, secret] of SECRETS) {
    const once = hashed.text(`password="${secret}"`)
    t.equal(hashed.text(once), once)
  }
})

t.test('the first look never keeps a rule from what it would find', async () => {
  const texts = [...SECRETS.map(([, secret]) => secret), ...SENTENCES.map(([line]) => line)]
  const piece = fc.constantFrom(...texts, ' ', 'ä', 'x', '4', '=', '\n', '€ ')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const text = pieces.join('')
      const always = REDACT_RULES.map((rule) => ({ ...rule, trigger: 'always' as const }))
      const eager = new Redactor(always, '<${rule}>', undefined)
      return eager.text(text) === all.text(text)
    }),
    { numRuns: 300 },
  )
})

t.test('hashes keep equal texts equal, under one key', async (t) => {
  const hashed = (key: string) => new Redactor(chooseRules(['email'], [], []), '${rule}-${hash}', keyedHash(key))
  const line = 'ann@example.com bob@example.com ann@example.com'
  t.match(hashed('a').text(line), /^(email-[0-9a-f]{12}) email-[0-9a-f]{12} \1$/)
  t.equal(hashed('a').text(line), hashed('a').text(line))
  t.not(hashed('a').text(line), hashed('b').text(line))
  const without = () => new Redactor(REDACT_RULES, '${hash}', undefined)
  t.throws(without, { message: 'a replacement with ${hash} needs a key' })
  t.throws(() => new Redactor(REDACT_RULES, '${name}', undefined), { message: 'bad replacement: unknown ${name}' })
  t.equal(entropy('aaaa'), 0)
  t.equal(entropy('abcd'), 2)
})

t.test('rules are chosen by name and group', async (t) => {
  const names = chooseRules(['secrets,card', 'addresses'], ['mac'], []).map(({ name }) => name)
  t.ok(names.includes('jwt') && names.includes('ipv6') && names.includes('card'))
  t.notOk(names.includes('mac') || names.includes('email'))
  t.throws(() => chooseRules(['secerts'], ['nothing'], []), Problems)
  t.throws(() => chooseRules(['emial'], [], []), { message: "unknown rule 'emial'", hint: "did you mean 'email'?" })
})

t.test('the manual names every rule, in its group', async (t) => {
  const text = redact.description.replace(/\s+/g, ' ')
  for (const group of ['secrets', 'personal', 'addresses']) {
    const names = REDACT_RULES.filter((rule) => rule.group === group).map(({ name }) => name)
    t.match(text, `${group}: ${names.join(' ')}`)
  }
})

t.test('own rules come from a file', async (t) => {
  const rules = await parseRedactRules(
    `rules:
  - name: customer
    pattern: 'cust-([0-9]{4})'
    keywords: [cust-]
  - {name: whole, pattern: 'cust-([0-9]{4})x', group: 0, replace: 'X'}
  - {name: dense, pattern: '[a-z]{8}', entropy: 2.9}
`,
    'own.yaml',
  )
  const redactor = new Redactor(rules, '<${rule}>', undefined)
  t.equal(redactor.text('CUST-1 cust-1234 aaaaaaaa abcdefgh'), 'CUST-1 cust-<customer> aaaaaaaa <dense>')
  t.equal(new Redactor(rules.slice(1, 2), '', undefined).text('a cust-1234x'), 'a X')
  const wrong = await parseRedactRules(
    `rules:
  - {nam: a, pattern: '(a'}
  - {name: b, pattern: 'a', group: 1, keywords: [ab]}
  - {name: b, pattern: 1}
  - 7
`,
    'own.yaml',
  ).catch((error: unknown) => problemsOf(error).map((problem) => renderProblem(problem, 'test').split('\n')[0]))
  t.same(wrong, [
    "own.yaml:2:6: unknown key 'nam'",
    'own.yaml:3:49: keywords is not valid',
    'own.yaml:3:24: the pattern has 0 groups, not 1',
    'own.yaml:4:24: pattern is not valid',
    'own.yaml:5:5: a rule is a map',
  ])
  t.match(await parseRedactRules('[]', 'f').catch((error: unknown) => problemsOf(error)[0].message), 'no list of rules')
})

t.test('records: body, attributes, labels, resource; spans and metrics', async (t) => {
  const redactor = new Redactor(chooseRules(['secrets', 'email'], [], []), '<${rule}>', undefined)
  const records = new RecordRedactor(redactor, new Set(REDACT_FIELDS), false)
  const named = labelsOfObject({ app: 'shop', user: 'ann@example.com' })
  const id = Identity.of('log', '', named, { resource: { 'db.password': 'x' } })
  const attributes = { a: ['b@example.com', 1], api_key: 'k', n: { __proto__x: null } }
  const first = records.record({ identity: id, payload: { ts: '1', body: 'ok', attributes } })
  const redacted = { a: ['<email>', 1], api_key: '<password>', n: { __proto__x: null } }
  t.same(first.payload, { ts: '1', body: 'ok', attributes: redacted })
  t.same(first.identity.labels, ['app', 'shop', 'user', '<email>'])
  t.same(first.identity.rest, { resource: { 'db.password': '<password>' } })
  t.equal(records.record({ identity: id, payload: { ts: '2' } }).identity, first.identity, 'once for each identity')
  const clean = {
    identity: Identity.of('log', '', labelsOfObject({ app: 'shop' })), payload: { ts: '1', body: 'nothing' },
  }
  t.equal(records.record(clean), clean)
  const events = (to: string) => [{ name: 'e', attributes: { to } }]
  const mail = { ts: '1', name: 'mail a@example.com', events: events('a@example.com') }
  const span = { identity: Identity.of('span', ''), payload: mail }
  t.same(records.record(span).payload, { ts: '1', name: 'mail <email>', events: events('<email>') })
  const up = Identity.of('metric', 'up', labelsOfObject({ user: 'a@example.com' }))
  const metric = { identity: up, payload: { ts: '1', value: 1 } }
  t.equal(records.record(metric), metric)
  t.same(new RecordRedactor(redactor, new Set(REDACT_FIELDS), true).record(metric).identity.labels, ['user', '<email>'])
  t.ok(records.counts.get('email')! > 3)
})

t.test('spans: what stands in events, links, status, resource and scope, and no times or ids', async (t) => {
  const redactor = new Redactor(chooseRules(['secrets', 'personal'], [], []), '<${rule}>', undefined)
  const records = new RecordRedactor(redactor, new Set(REDACT_FIELDS), true)
  const card = '4111111111111111'
  const span = {
    ts: card, end: card, trace_id: card + card, span_id: card, parent_span_id: card, name: `pay ${card}`,
    status: { code: 'error', message: 'no a@example.com' },
    attributes: {
      int: { $int: card }, bytes: { $bytes: card }, whole: { $double: 4 }, none: { $int: 'a@example.com' }, card,
      deep: [{ to: 'a@example.com' }],
    },
    events: [{ ts: card, name: `sent to a@example.com`, attributes: { card } }, { ts: card, name: 'ok' }],
    links: [{ trace_id: card + card, span_id: card, trace_state: `a=${card}`, attributes: { token: 'x' } }],
  }
  const rest = {
    resource: { 'owner.mail': 'a@example.com' },
    resource_meta: { metadata: { authorization: ['Bearer abcdefgh12345678'] } },
    scope: { name: 's', attributes: { password: 'x' } },
  }
  const redacted = records.record({ identity: Identity.of('span', '', [], rest), payload: span as unknown as Payload })
  t.same(redacted.payload, {
    ...span, name: 'pay <card>', status: { code: 'error', message: 'no <email>' },
    attributes: { ...span.attributes, none: { $int: '<email>' }, card: '<card>', deep: [{ to: '<email>' }] },
    events: [{ ts: card, name: 'sent to <email>', attributes: { card: '<card>' } }, span.events[1]],
    links: [{ ...span.links[0], attributes: { token: '<password>' } }],
  })
  t.same(redacted.identity.rest, {
    resource: { 'owner.mail': '<email>' }, resource_meta: { metadata: { authorization: ['<password>'] } },
    scope: { name: 's', attributes: { password: '<password>' } },
  })
  const mails = labelsOfObject({ mails: '["a@example.com"]' })
  const point = Identity.of('metric', 'm', mails, { attributes: { mails: ['a@example.com'] } })
  const exemplars = [{ value: 1, ts: card, trace_id: card + card, labels: { mail: 'a@example.com' } }]
  const sample = records.record({ identity: point, payload: { ts: '1', value: 1, exemplars } })
  t.same(sample.identity.rest, { attributes: { mails: ['<email>'] } })
  t.same(sample.payload.exemplars, [{ ...exemplars[0], labels: { mail: '<email>' } }])
  const clean = {
    identity: Identity.of('span', '', [], { scope: { name: 's' } }),
    payload: { ts: '1', events: [{ name: 'e' }], links: [{ span_id: card }] },
  }
  t.equal(records.record(clean), clean)
})

t.test('a private key that was logged line by line', async (t) => {
  const stream = (app: string) => Identity.of('log', '', labelsOfObject({ app }))
  const made = () => new RecordRedactor(usual, new Set(REDACT_FIELDS), false)
  const lines = (redactor: RecordRedactor, app: string, bodies: readonly string[]) =>
    bodies.map((body) => redactor.record({ identity: stream(app), payload: { ts: '1', body } }).payload.body)
  const begin = '-----BEGIN RSA PRIVATE KEY-----'
  const key = [begin, 'Proc-Type: 4,ENCRYPTED', '', random(64), random(64), `${random(30)}==`]
  const hidden = (count: number) => new Array<string>(count).fill('<private_key>')
  const end = '-----END RSA PRIVATE KEY-----'
  const both = made()
  t.same(lines(both, 'a', ['loading', ...key, end, 'loaded']), ['loading', ...hidden(7), 'loaded'])
  t.same(lines(both, 'a', [key[3]]), [key[3]], 'base64 alone is no key')
  // Two streams whose lines come between each other.
  t.same(lines(both, 'a', key.slice(0, 4)), hidden(4))
  t.same(lines(both, 'b', ['word', key[3]]), ['word', key[3]])
  const error = 'an error, and no more of it'
  t.same(lines(both, 'a', [key[4], error, key[5]]), ['<private_key>', error, key[5]])
  const more = [key.join('\n'), `  ${random(64)}`, `> ${end}`]
  t.same(lines(both, 'a', more), hidden(3), 'the first record may have more of it')
  t.same(lines(both, 'a', [key[0], `done: ${end}`]).at(-1), 'done: <private_key>', 'what stands before the end stays')
  const endless = lines(made(), 'a', [key[0], ...new Array<string>(1000).fill(key[3])])
  t.equal(endless.filter((body) => body === key[3]).length, 600, 'no key is that long')
  const without = new RecordRedactor(usual, new Set(['attributes']), false)
  t.same(lines(without, 'a', key), key)
})
