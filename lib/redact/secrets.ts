// Rules for keys, tokens and passwords. The forms are those that their makers document; all patterns run in linear
// time.

import { Pattern } from '../regex/pattern.js'
import { entropy, type RedactRule } from './rule.js'

interface Form {
  readonly name: string
  readonly about: string
  /** One of these stands in every match. */
  readonly literals: readonly string[]
  /** Group 1 is what is hidden, if there is one. */
  readonly pattern: string
  /** A last look at what was found. */
  readonly accepts?: (secret: string) => boolean
}

const PEM = '[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?'
/** In a text, or in a text within a text. */
const NEWLINE = String.raw`(?:\r?\n|\\n)[\t >|]*`
const BASE64 = '[A-Za-z0-9+/=]'
/** Between a name and its value: a quote, perhaps one within a string, and a sign. */
const IS = String.raw`(?:\\?["'])?\s{0,3}(?:=>|:=|==?|:)\s{0,3}`

const FORMS: readonly Form[] = [
  {
    name: 'private_key', about: "private keys in PEM, SSH2's and PuTTY's forms, to their end or the end of the text",
    literals: ['-----BEGIN', '-----END', '---- BEGIN', 'private-lines:'],
    pattern: [
      String.raw`-----BEGIN ${PEM}-----(?s:.*?)(?:-----END ${PEM}-----|$)`,
      // The end of one whose beginning is elsewhere.
      `(?:${BASE64}{16,120}${NEWLINE})*(?:${BASE64}{1,120}${NEWLINE})?-----END ${PEM}-----`,
      String.raw`---- BEGIN SSH2 ${PEM} ----(?s:.*?)(?:---- END SSH2 ${PEM} ----|$)`,
      String.raw`Private-Lines: ?\d{1,3}(?s:.*?)Private-MAC: ?[0-9a-f]{20,128}`,
      String.raw`Private-Lines: ?\d{1,3}(?:${NEWLINE}${BASE64}{1,120})+`,
    ].join('|'),
  },
  {
    name: 'jwt', about: 'JSON web tokens', literals: ['eyJ'],
    pattern: String.raw`\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*`,
  },
  {
    name: 'aws_access_key', about: "ids of AWS's keys", literals: ['AKIA', 'ASIA', 'ABIA', 'ACCA'],
    pattern: String.raw`\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b`,
  },
  {
    name: 'aws_secret_key', about: "AWS's secret keys behind their name",
    literals: ['secret_access_key', 'secretaccesskey', 'aws_secret'],
    pattern: [
      '(?i:secret_?access_?key|aws_secret(?:_key)?)', IS, String.raw`\\?["']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+]|$)`,
    ].join(''),
  },
  {
    name: 'gcp_api_key', about: "Google's API keys", literals: ['AIza'],
    pattern: String.raw`\b(AIza[\w-]{35})(?:[^\w-]|$)`,
  },
  {
    name: 'google_oauth', about: "Google's OAuth tokens and client secrets", literals: ['ya29.', 'GOCSPX-'],
    pattern: String.raw`\b(?:ya29\.[\w-]{20,}|GOCSPX-[\w-]{28})`,
  },
  {
    name: 'azure_account_key', about: "keys of Azure's storage and buses",
    literals: ['AccountKey=', 'SharedAccessKey='],
    pattern: String.raw`(?i:AccountKey|SharedAccessKey)=([A-Za-z0-9/+]{40,88}={0,2})`,
  },
  {
    name: 'azure_sas', about: 'signatures in URLs of Azure', literals: ['sig='],
    pattern: String.raw`[?&]sig=([\w%+/-]{32,}(?:%3D|=){0,2})`,
  },
  {
    name: 'github_token', about: "GitHub's tokens", literals: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
    pattern: String.raw`\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{60,255})`,
  },
  {
    name: 'gitlab_token', about: "GitLab's tokens",
    literals: ['glpat-', 'gldt-', 'glrt-', 'glptt-', 'glcbt-', 'glsoat-', 'glagent-'],
    pattern: String.raw`\bgl(?:pat|dt|rt|ptt|cbt|soat|agent)-[\w-]{20,}(?:\.[\w.-]{4,})?`,
  },
  {
    name: 'slack_token', about: "Slack's tokens",
    literals: ['xoxb-', 'xoxp-', 'xoxa-', 'xoxe-', 'xoxe.', 'xoxs-', 'xoxr-', 'xapp-'],
    pattern: String.raw`\b(?:xox[abeprs](?:\.xox[bp])?|xapp)-[\w-]{10,}`,
  },
  {
    name: 'slack_webhook', about: "URLs of Slack's webhooks", literals: ['hooks.slack.com'],
    pattern: String.raw`hooks\.slack\.com/(?:services|workflows|triggers)/([\w/]{20,})`,
  },
  {
    name: 'discord_webhook', about: "URLs of Discord's webhooks", literals: ['/api/webhooks/'],
    pattern: String.raw`/api/webhooks/\d{10,}/([\w-]{40,})`,
  },
  {
    name: 'telegram_token', about: "tokens of Telegram's bots", literals: [':AA'],
    pattern: String.raw`\b\d{8,10}:AA[\w-]{33}`,
  },
  {
    name: 'stripe_key', about: "Stripe's keys", literals: ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'],
    pattern: String.raw`\b(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9+/=]{16,}`,
  },
  {
    name: 'shopify_token', about: "Shopify's tokens", literals: ['shpat_', 'shpca_', 'shppa_', 'shpss_'],
    pattern: String.raw`\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b`,
  },
  {
    name: 'sendgrid_key', about: "SendGrid's keys", literals: ['SG.'],
    pattern: String.raw`\bSG\.[\w-]{16,32}\.[\w-]{32,64}`,
  },
  {
    name: 'npm_token', about: "tokens of npm's and PyPI's registries", literals: ['npm_', 'pypi-'],
    pattern: String.raw`\b(?:npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,})`,
  },
  {
    name: 'openai_key', about: "OpenAI's and Anthropic's keys",
    literals: ['sk-proj-', 'sk-svcacct-', 'sk-ant-', 'T3BlbkFJ'],
    pattern: String.raw`\bsk-(?:(?:proj|svcacct|admin|ant)-[\w-]{20,}|[\w-]{20}T3BlbkFJ[\w-]{20})`,
  },
  {
    name: 'huggingface_token', about: "Hugging Face's tokens", literals: ['hf_'],
    pattern: String.raw`\bhf_[A-Za-z0-9]{34}\b`,
  },
  {
    name: 'digitalocean_token', about: "DigitalOcean's tokens", literals: ['dop_v1_', 'doo_v1_', 'dor_v1_'],
    pattern: String.raw`\bdo[opr]_v1_[0-9a-f]{64}\b`,
  },
  {
    name: 'vault_token', about: "tokens of Vault and Terraform's cloud",
    literals: ['hvs.', 'hvb.', 'hvr.', '.atlasv1.'],
    pattern: String.raw`\b(?:hv[sbr]\.[\w-]{24,}|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,70})`,
  },
  {
    name: 'grafana_token', about: "Grafana's tokens", literals: ['glsa_', 'glc_'],
    pattern: String.raw`\b(?:glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|glc_[A-Za-z0-9+/]{32,}={0,2})`,
  },
  {
    name: 'databricks_token', about: "Databricks's tokens", literals: ['dapi'],
    pattern: String.raw`\bdapi[0-9a-f]{32}(?:-\d)?\b`,
  },
  {
    name: 'age_key', about: "age's secret keys", literals: ['AGE-SECRET-KEY-1'],
    pattern: String.raw`\bAGE-SECRET-KEY-1[A-Z0-9]{58}\b`,
  },
  {
    name: 'url_password', about: 'passwords in URLs', literals: ['://'],
    pattern: String.raw`[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@"'<>]*:([^\s/@"'<>]+)@`, accepts: isMeant,
  },
  {
    name: 'basic_auth', about: 'credentials of basic authentication', literals: ['basic '],
    pattern: String.raw`\b(?i:basic)\s{1,3}([A-Za-z0-9+/_-]{6,}={0,2})`,
    accepts: (secret) => /^[\x20-\x7e]*:[\x20-\x7e]*$/.test(Buffer.from(secret, 'base64').toString('latin1')),
  },
  {
    name: 'bearer_token', about: 'bearer tokens', literals: ['bearer '],
    pattern: String.raw`\b(?i:bearer)\s{1,3}([\w.~+/-]{16,}={0,2})`,
    accepts: (secret) => /\d/.test(secret) && entropy(secret) > 3,
  },
  {
    name: 'password', about: 'what follows password=, "pwd": and the like',
    literals: ['password', 'passwd', 'passphrase', 'pwd'],
    pattern: assignment(String.raw`pass(?:word|wd|phrase)|pwd`, String.raw`\S`, 1), accepts: isMeant,
  },
  {
    name: 'generic_secret', about: 'random texts that follow api_key=, "token":, secret: and the like',
    literals: [
      'apikey', 'api_key', 'api-key', 'secret', 'token', 'access_key', 'access-key', 'accesskey', 'credential',
      'auth_key', 'authkey',
    ],
    pattern: assignment('(?:api|access|auth)[_-]?key|secret|token|credentials?', String.raw`[\w.~+/=%-]`, 10),
    accepts: (secret) => isMeant(secret) && /\d/.test(secret) && /[A-Za-z]/.test(secret) && entropy(secret) > 3.2,
  },
]

/**
 * A name, a sign of assignment and a value, as in configuration, JSON (also JSON within a string), headers and query
 * strings.
 */
function assignment(names: string, character: string, least: number): string {
  const quoted = String.raw`"((?:[^"\\]|\\.)+)"|\\"([^"\\]+)\\"|'([^']+)'`
  const bare = character === String.raw`\S` ? String.raw`[^\s"'&;,|<>(){}\[\]\\]` : character
  return String.raw`(?i:(?:${names})[\w.-]{0,20})${IS}(?:${quoted}|(${bare}{${least},}))`
}

const PLACEHOLDERS = new Set([
  'null', 'nil', 'none', 'undefined', 'true', 'false', 'empty', 'missing', 'required', 'invalid', 'incorrect', 'wrong',
  'expired', 'changed', 'reset', 'accepted', 'rejected', 'failed', 'ok', 'redacted', 'hidden', 'secret', 'changeme',
  'xxx',
  'string', 'masked', 'filtered',
])

/** Whether a value is one, and not what stands for one: stars, a placeholder, a reference, a word about it. */
function isMeant(value: string): boolean {
  if (/^[*x.•_-]+$/i.test(value) || /^(?:[<[({$%]|\*{3})/.test(value)) return false
  return !PLACEHOLDERS.has(value.toLowerCase().replace(/[.!]+$/, ''))
}

export const SECRETS: readonly RedactRule[] = FORMS.map(({ name, about, literals, pattern, accepts }) => ({
  name, about, group: 'secrets', trigger: literals, find: patternFinder(pattern, undefined, accepts),
}))

/**
 * Looks for a pattern; it is compiled when it is first needed. What it finds is group `group`, or else the first
 * group that took part, or else all.
 */
export function patternFinder(
  source: string, group: number | undefined, accepts: (text: string) => boolean = () => true,
): RedactRule['find'] {
  let pattern: Pattern | undefined
  return (text, found) => {
    pattern ??= Pattern.search(source)
    for (const bounds of pattern.matches(text)) {
      let at = 2 * (group ?? 1)
      while (group === undefined && at < bounds.length && bounds[at] < 0) at += 2
      if (at >= bounds.length) at = 0
      const [start, end] = [bounds[at], bounds[at + 1]]
      if (start < end && accepts(text.slice(start, end))) found(start, end)
    }
  }
}
