// Colours of a terminal (ECMA-48 SGR), or none.

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const

export type Style = keyof typeof CODES
export type Paint = (style: Style, text: string) => string

export const plain: Paint = (_, text) => text
export const colored: Paint = (style, text) => (text === '' ? '' : `\x1b[${CODES[style]}m${text}\x1b[0m`)
