// Rules for personal data and addresses, found character by character.

import { isLuhn } from '../logs/luhn.js'
import type { RedactRule } from './rule.js'

/** Numbers of cards: beginnings and lengths that are given out (ISO/IEC 7812), and the checksum. */
const CARD = new RegExp(
  `^(?:${[
    String.raw`4(?:\d{12}|\d{15}|\d{18})`,
    String.raw`(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}`,
    String.raw`3[47]\d{13}`,
    String.raw`3(?:0[0-5]|09|[689]\d)\d{11}`,
    String.raw`35(?:2[89]|[3-8]\d)\d{12}`,
    String.raw`6(?:011|5\d\d|4[4-9]\d|2\d\d)\d{12,15}`,
  ].join('|')})$`,
)

const CARDS = /(?<![\w.,:/+=-])\d(?:[ -]?\d){12,18}(?![\w/=]|[.,:-]\d)/g

function cards(text: string, found: (start: number, end: number) => void): void {
  for (const { 0: match, index } of text.matchAll(CARDS)) {
    const digits = match.replace(/[ -]/g, '')
    if (CARD.test(digits) && isLuhn(digits)) found(index, index + match.length)
  }
}

/** Of what may stand in front of an @, what does in practice: `=`, `/` and quotes belong to the text around. */
const LOCAL = /[A-Za-z0-9.!#$%*+^_~-]/
const DOMAIN = /[A-Za-z0-9.-]/
const DOMAIN_NAME = /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}$/

/** Grows an address from its @ to both sides, no further than addresses may be long. */
function emails(text: string, found: (start: number, end: number) => void): void {
  let after = 0
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    let start = at
    while (start > after && at - start < 64 && LOCAL.test(text[start - 1])) start--
    while (start < at && text[start] === '.') start++
    let end = at + 1
    while (end < text.length && end - at < 254 && DOMAIN.test(text[end])) end++
    while (end > at && /[.-]/.test(text[end - 1])) end--
    if (start === at || !DOMAIN_NAME.test(text.slice(at + 1, end))) continue
    found(start, end)
    after = end
  }
}

const IPV4 = /(?<![\w.])(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}(?!\w|\.\d)/g
const IPV6 = /(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|\d{1,3}(?:\.\d{1,3}){3})?(?![\w:])/g

function ipv6(text: string, found: (start: number, end: number) => void): void {
  for (const { 0: match, index } of text.matchAll(IPV6)) {
    // Times have the same signs, and names of programs: an address is whole, or has its zeros left out and a digit.
    if (!match.includes('::') && match.split(':').length !== (match.includes('.') ? 7 : 8)) continue
    if (/\d/.test(match) && URL.canParse(`http://[${match}]/`)) found(index, index + match.length)
  }
}

const IBAN = /(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)/g

/** ISO 13616: letters are numbers from 10 on, the first four characters go to the end, and 97 leaves 1. */
function isIban(text: string): boolean {
  const plain = text.replaceAll(' ', '')
  if (plain.length < 15 || plain.length > 34) return false
  let rest = 0
  for (const c of plain.slice(4) + plain.slice(0, 4)) {
    const number = parseInt(c, 36)
    rest = (rest * (number > 9 ? 100 : 10) + number) % 97
  }
  return rest === 1
}

const PHONE = /(?<![\w+.])\+[1-9]\d{0,2}(?:[ .-]?(?:\(\d{1,4}\)|\d{1,4})){2,5}(?!\w)/g
const MAC = /(?<![\w:-])[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{2}){5}|(?:-[0-9A-Fa-f]{2}){5})(?![\w:-])/g

type Accepts = (text: string) => boolean

const matching = (pattern: RegExp, accepts: Accepts = () => true): RedactRule['find'] => (text, found) => {
  for (const { 0: match, index } of text.matchAll(pattern)) if (accepts(match)) found(index, index + match.length)
}

const digitsOf = (text: string) => text.replace(/\D/g, '').length

export const PERSONAL: readonly RedactRule[] = [
  {
    name: 'card', group: 'personal', about: 'numbers of payment cards, by form and checksum', trigger: 'card',
    find: cards,
  },
  { name: 'email', group: 'personal', about: 'e-mail addresses', trigger: 'at', find: emails },
  { name: 'iban', group: 'personal', about: 'IBANs, by their checksum', trigger: 'iban', find: matching(IBAN, isIban) },
  {
    name: 'phone', group: 'personal', about: 'phone numbers in international form', trigger: 'plus',
    find: matching(PHONE, (text) => digitsOf(text) >= 8 && digitsOf(text) <= 15),
  },
  { name: 'ipv4', group: 'addresses', about: 'IPv4 addresses', trigger: 'dots', find: matching(IPV4) },
  { name: 'ipv6', group: 'addresses', about: 'IPv6 addresses', trigger: 'colons', find: ipv6 },
  {
    name: 'mac', group: 'addresses', about: 'hardware addresses of networks (MAC)', trigger: 'always',
    find: matching(MAC),
  },
]
