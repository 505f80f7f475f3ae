// Roff: the parts that a man page is made of, and the plain parts of Markdown as roff.

const WIDTH = 78

/** Text that stands for itself: code, options, anything that may be copied out of the page. */
export function literal(text: string): string {
  return prose(text).replaceAll('-', '\\-').replaceAll('^', '\\(ha').replaceAll('~', '\\(ti').replaceAll('`', '\\(ga')
}

/** Running text without markup. */
function prose(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll("'", '\\(aq')
    .replace(/[^\0-\x7f]/gu, (char) => `\\[u${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`)
}

export function bold(text: string): string {
  return `\\fB${whole(literal(text))}\\fR`
}

/** Names and options are not divided at the end of a line. */
function whole(escaped: string): string {
  return escaped.replace(/[^\s%]*(?:_|\\-)[^\s%]*/g, '\\%$&')
}

/** A word that stands for another one. */
export function value(text: string): string {
  return `\\fI${literal(text)}\\fR`
}

/** Text of a declaration, in which nothing is markup but `code`; options are kept in one piece. */
export function declared(text: string): string {
  return text.replace(/`([^`]+)`|(?<![\w-])(--[a-z][\w-]*)|[^`-]+|./g, (part, code?: string, flag?: string) =>
    code === undefined && flag === undefined ? whole(prose(part)) : bold(code ?? flag!),
  )
}

/** Markdown inside a line: code, **strong**, *emphasis*, links. */
const MARKUP = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\([^)]*\)|[^`*[]+|./g

/** A line of Markdown: code and strong in bold, emphasis in italics, links by their text. */
export function inline(text: string): string {
  return text.replace(MARKUP, (part, code?: string, strong?: string, emphasis?: string, link?: string) => {
    if (code !== undefined) return bold(code)
    if (strong !== undefined) return `\\fB${prose(strong)}\\fR`
    if (emphasis !== undefined) return `\\fI${prose(emphasis)}\\fR`
    return link === undefined ? prose(part) : inline(link)
  })
}

/** Escaped text in lines of source, none of which is taken for a request. */
export function fill(escaped: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of escaped.trim().split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = ''
    }
    line += line === '' ? word : ` ${word}`
  }
  return [...lines, line].map((text) => guard(breakable(text))).join('\n')
}

/** Lets a page break long words (regular expressions, lists of values) after punctuation. */
function breakable(line: string): string {
  return line.replace(/\S{40,}/g, (word) => word.replace(/[|,;/=](?=.)/g, '$&\\:'))
}

function guard(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line
}

/** The first line of a page. `date` is a release's, so that the page is the same whenever it is made. */
export function title(name: string, section: number, date: string, version: string): string {
  return [
    `.\\" Generated from the declarations by 'npm run generate'. Do not edit.`,
    `.TH ${name.toUpperCase().replaceAll('-', '\\-')} ${section} ${date} "solder ${version}" "solder manual"`,
    // Neither stretched lines nor hyphens that were not typed.
    '.ad l',
    '.nh',
  ].join('\n')
}

/** A whole page of its parts. A heading begins a paragraph by itself; a further macro for it is a fault to mandoc. */
export function page(...parts: readonly string[]): string {
  return parts.join('\n').replace(/^(\.S[HS] .*)\n\.PP\n/gm, '$1\n') + '\n'
}

export function section(heading: string, ...parts: readonly string[]): string {
  return [`.SH ${quoted(heading.toUpperCase())}`, ...parts].join('\n')
}

export function subsection(heading: string): string {
  return `.SS ${quoted(heading)}`
}

function quoted(text: string): string {
  return /[\s"]/.test(text) ? `"${prose(text).replaceAll('"', '\\(dq')}"` : prose(text)
}

export function paragraph(escaped: string): string {
  return `.PP\n${fill(escaped)}`
}

/** A term with its explanation, both escaped. */
export function term(head: string, escaped: string): string {
  return `.TP 8\n${guard(head)}\n${fill(escaped)}`
}

/** Lines kept as they are. */
export function verbatim(text: string): string {
  return ['.IP "" 4', '.EX', ...text.split('\n').map((line) => guard(literal(line))), '.EE'].join('\n')
}

/** Markdown's headings, paragraphs, lists, tables and fences; comments are left out. */
export function markdown(text: string): string {
  const out: string[] = []
  const lines = text.replace(/<!--[\s\S]*?-->\n?/g, '').split('\n')
  for (let at = 0; at < lines.length; ) {
    const [part, next] = block(lines, at)
    if (part !== '') out.push(part)
    at = next
  }
  return out.join('\n')
}

/** The block that starts at a line, and where the next one does. */
function block(lines: readonly string[], at: number): [string, number] {
  const line = lines[at]
  if (line.trim() === '') return ['', at + 1]
  if (line.startsWith('```')) {
    const end = lines.indexOf('```', at + 1)
    return [verbatim(lines.slice(at + 1, end).join('\n')), end + 1]
  }
  const heading = /^(#+) (.*)/.exec(line)
  if (heading !== null) return [heading[1].length <= 2 ? section(heading[2]) : subsection(heading[2]), at + 1]
  if (line.startsWith('|')) {
    const end = endOf(lines, at, (next) => next.startsWith('|'))
    return [table(lines.slice(at, end)), end]
  }
  if (line.startsWith('- ')) {
    const end = endOf(lines, at, (next) => /^(- | {2}\S)/.test(next))
    const items = lines.slice(at, end).join('\n').slice(2).split('\n- ')
    return [items.map((item) => `.IP \\(bu 2\n${fill(inline(item))}`).join('\n'), end]
  }
  const end = endOf(lines, at, (next) => next.trim() !== '' && !/^(#|```|\||- )/.test(next))
  return [paragraph(inline(lines.slice(at, end).join(' '))), end]
}

function endOf(lines: readonly string[], at: number, goesOn: (line: string) => boolean): number {
  let end = at + 1
  while (end < lines.length && goesOn(lines[end])) end++
  return end
}

/** A table as a list: the first column is the term; of several others each is named by its heading. */
function table(rows: readonly string[]): string {
  const cells = rows.map((row) => row.slice(1, row.lastIndexOf('|')).split(/(?<!\\)\|/).map(cellText))
  const [headings] = cells
  return cells
    .slice(2)
    .map(([first, ...rest]) => {
      const named = (cell: string, i: number) => `${headings[i + 1]}: ${cell === '' ? 'none' : cell}.`
      if (rest.length === 1) return term(inline(first), inline(rest[0]))
      return term(inline(first), inline(rest.map(named).join(' ')))
    })
    .join('\n')
}

function cellText(cell: string): string {
  return cell.trim().replaceAll('\\|', '|')
}
