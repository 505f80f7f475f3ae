// Functions of templates on texts: Promtail's and Alloy's, and sprig's. Lengths and offsets count bytes of UTF-8, as in
// Go.

import { quote } from '../../quote.js'
import { fn, type FunctionTable, variadic } from '../function.js'
import { printf, sprint } from '../printf.js'
import { display, isList, TemplateFault, toInt, type Value } from '../value.js'

/** The text of a value as sprig has it. */
export const textOf = (value: Value): string => display(value)

/** Go's strings.Replace; an empty `from` stands in front of each character and at the end. */
export function replaced(text: string, from: string, to: string, count: number): string {
  if (count === 0 || from === to) return text
  if (from !== '') {
    if (count < 0) return text.replaceAll(from, () => to)
    const parts = text.split(from)
    return parts.slice(0, count + 1).join(to) + parts.slice(count + 1).map((part) => from + part).join('')
  }
  const characters = [...text]
  const times = count < 0 ? Infinity : count
  return characters.map((c, i) => (i < times ? to + c : c)).join('') + (characters.length < times ? to : '')
}

const trimStart = (text: string, set: string) => {
  const characters = [...text]
  const cut = new Set(set)
  let at = 0
  while (at < characters.length && cut.has(characters[at])) at++
  return characters.slice(at).join('')
}
const trimEnd = (text: string, set: string) => {
  const characters = [...text]
  const cut = new Set(set)
  let end = characters.length
  while (end > 0 && cut.has(characters[end - 1])) end--
  return characters.slice(0, end).join('')
}
const trimBoth = (text: string, set: string) => trimEnd(trimStart(text, set), set)
const trimSpace = (text: string) => text.replace(/^[\s\u0085]+|[\s\u0085]+$/g, '').replace(/^\ufeff/, '\ufeff')
const withoutPrefix = (text: string, prefix: string) => (text.startsWith(prefix) ? text.slice(prefix.length) : text)
const withoutSuffix = (text: string, suffix: string) =>
  suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text

const title = (text: string) => text.replace(/(?<![\p{L}\p{N}_]|[^\0-\x7f\s])\p{L}/gu, (c) => c.toUpperCase())

/** Bytes `from` to `end` of a text. */
export function bytesOf(text: string, from: number, end?: number): string {
  const bytes = Buffer.from(text)
  const last = end ?? bytes.length
  if (from < 0 || last > bytes.length || from > last) throw new TemplateFault(`slice bounds out of range [${from}:${last}]`)
  return bytes.toString('utf8', from, last)
}

function truncated(count: number, text: string): string {
  const length = Buffer.byteLength(text)
  if (count < 0 && length + count > 0) return bytesOf(text, length + count)
  return count >= 0 && length > count ? bytesOf(text, 0, count) : text
}

const indented = (spaces: number, text: string) => {
  const pad = ' '.repeat(Math.max(0, spaces))
  return pad + text.replaceAll('\n', `\n${pad}`)
}

const words = (text: string) => text.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{Nd}+|\p{L}+/gu) ?? []
const capitalized = (word: string) => word[0].toUpperCase() + word.slice(1).toLowerCase()
const otherCase = (c: string) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())
const joinedWords = (text: string, mark: string) => words(text).map((word) => word.toLowerCase()).join(mark)

const PROMTAIL: FunctionTable = [
  ['ToLower', fn(['string'], (text) => text.toLowerCase())],
  ['ToUpper', fn(['string'], (text) => text.toUpperCase())],
  ['Replace', fn(['string', 'string', 'string', 'size'], (text, from, to, count) => replaced(text, from, to, count))],
  ['Trim', fn(['string', 'string'], (text, set) => trimBoth(text, set))],
  ['TrimLeft', fn(['string', 'string'], (text, set) => trimStart(text, set))],
  ['TrimRight', fn(['string', 'string'], (text, set) => trimEnd(text, set))],
  ['TrimPrefix', fn(['string', 'string'], (text, prefix) => withoutPrefix(text, prefix))],
  ['TrimSuffix', fn(['string', 'string'], (text, suffix) => withoutSuffix(text, suffix))],
  ['TrimSpace', fn(['string'], (text) => trimSpace(text))],
]

export const TEXT_FUNCTIONS: FunctionTable = [
  ...PROMTAIL,
  ['print', variadic([], 'any', (args) => sprint(args))],
  ['println', variadic([], 'any', (args) => `${args.map(display).join(' ')}\n`)],
  ['printf', variadic(['string'], 'any', (args, format) => printf(format, args))],
  ['lower', fn(['string'], (text) => text.toLowerCase())],
  ['upper', fn(['string'], (text) => text.toUpperCase())],
  ['title', fn(['string'], title)],
  ['untitle', fn(['string'], (text) => text.replace(/(^|\s)(\S)/gu, (_, space: string, c: string) => space + c.toLowerCase()))],
  ['swapcase', fn(['string'], (text) => text.replace(/\p{L}/gu, otherCase))],
  ['snakecase', fn(['string'], (text) => joinedWords(text, '_'))],
  ['kebabcase', fn(['string'], (text) => joinedWords(text, '-'))],
  ['camelcase', fn(['string'], (text) => words(text).map(capitalized).join(''))],
  ['initials', fn(['string'], (text) => (text.match(/(?<!\S)\S/gu) ?? []).join(''))],
  ['trim', fn(['string'], (text) => trimSpace(text))],
  ['trimAll', fn(['string', 'string'], (set, text) => trimBoth(text, set))],
  ['trimall', fn(['string', 'string'], (set, text) => trimBoth(text, set))],
  ['trimPrefix', fn(['string', 'string'], (prefix, text) => withoutPrefix(text, prefix))],
  ['trimSuffix', fn(['string', 'string'], (suffix, text) => withoutSuffix(text, suffix))],
  ['nospace', fn(['string'], (text) => text.replace(/[\s\u0085]/g, ''))],
  ['contains', fn(['string', 'string'], (part, text) => text.includes(part))],
  ['hasPrefix', fn(['string', 'string'], (prefix, text) => text.startsWith(prefix))],
  ['hasSuffix', fn(['string', 'string'], (suffix, text) => text.endsWith(suffix))],
  ['replace', fn(['string', 'string', 'string'], (from, to, text) => replaced(text, from, to, -1))],
  ['substr', fn(['size', 'size', 'string'], (from, end, text) => {
    if (from < 0) return bytesOf(text, 0, end)
    return end < 0 || end > Buffer.byteLength(text) ? bytesOf(text, from) : bytesOf(text, from, end)
  })],
  ['trunc', fn(['size', 'string'], truncated)],
  ['abbrev', fn(['size', 'string'], (width, text) => {
    const characters = [...text]
    return width < 4 || characters.length <= width ? text : `${characters.slice(0, width - 3).join('')}...`
  })],
  ['repeat', fn(['size', 'string'], (count, text, { make }) => {
    if (count < 0) throw new TemplateFault('a negative count')
    make(count * text.length)
    return text.repeat(count)
  })],
  ['indent', fn(['size', 'string'], (spaces, text, { make }) => {
    make(spaces * text.split('\n').length)
    return indented(spaces, text)
  })],
  ['nindent', fn(['size', 'string'], (spaces, text, { make }) => {
    make(spaces * text.split('\n').length)
    return `\n${indented(spaces, text)}`
  })],
  ['quote', variadic([], 'any', (args) => args.filter((arg) => arg !== null).map((arg) => quote(textOf(arg))).join(' '))],
  ['squote', variadic([], 'any', (args) => args.filter((arg) => arg !== null).map((arg) => `'${textOf(arg)}'`).join(' '))],
  ['cat', variadic([], 'any', (args) => args.filter((arg) => arg !== null).map(textOf).join(' '))],
  ['plural', fn(['string', 'string', 'size'], (one, many, count) => (count === 1 ? one : many))],
  ['toString', fn(['any'], textOf)],
  ['join', fn(['string', 'any'], (separator, value) => textsOf(value).join(separator))],
  ['split', fn(['string', 'string'], (separator, text) => numbered(separated(text, separator)))],
  ['splitn', fn(['string', 'size', 'string'], (separator, count, text) => numbered(parts(text, separator, count)))],
  ['splitList', fn(['string', 'string'], (separator, text) => separated(text, separator))],
  ['toStrings', fn(['any'], (value) => textsOf(value))],
  ['html', variadic([], 'any', (args) => escapeHtml(sprint(args)))],
  ['js', variadic([], 'any', (args) => escapeJs(sprint(args)))],
  ['urlquery', variadic([], 'any', (args) => escapeQuery(sprint(args)))],
  ['toDecimal', fn(['any'], (value) => (/^[+-]?[0-7]+$/.test(display(value)) ? toInt(display(value).replace(/\d/, '0$&')) : 0n))],
]

/** The texts of a list, without its nils; of one value, its text. */
export function textsOf(value: Value): string[] {
  if (value === null || value === undefined) return []
  return isList(value) ? value.filter((item) => item !== null && item !== undefined).map(textOf) : [textOf(value)]
}

function separated(text: string, separator: string): string[] {
  return separator === '' ? [...text] : text.split(separator)
}

function parts(text: string, separator: string, count: number): string[] {
  const all = separated(text, separator)
  if (count < 0 || all.length <= count) return all
  return count === 0 ? [] : [...all.slice(0, count - 1), all.slice(count - 1).join(separator)]
}

const numbered = (texts: readonly string[]) => new Map(texts.map((text, i) => [`_${i}`, text] as const))

const HTML: { readonly [c: string]: string } = {
  '\0': '\ufffd', '"': '&#34;', "'": '&#39;', '&': '&amp;', '<': '&lt;', '>': '&gt;',
}

function escapeHtml(text: string): string {
  return text.replace(/[\0"'&<>]/g, (c) => HTML[c])
}

function escapeJs(text: string): string {
  const hex = (c: string, width: number) => c.codePointAt(0)!.toString(16).toUpperCase().padStart(width, '0')
  return text
    .replace(/[\\'"]/g, '\\$&')
    .replace(/[<>&=\0-\x1f\x7f]/g, (c) => `\\u${hex(c, 4)}`)
    .replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (c) => `\\u${hex(c, 4)}`)
}

function escapeQuery(text: string): string {
  const escaped = encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return escaped.replaceAll('%20', '+')
}
