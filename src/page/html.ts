/** HTML that is escaped by construction: every value in an `html` template is escaped, unless `html` made it. */
import { escapeHtml } from '../text/escape-html.ts'

export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type Content = Html | string | number | null | readonly Content[]

export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(String.raw({ raw: strings }, ...values.map(toText)))
}

function toText(content: Content): string {
  if (content === null) return ''
  if (content instanceof Html) return content.text
  if (typeof content === 'object') return content.map(toText).join('')
  return escaped(String(content))
}

/** Characters that can't be seen, or turn the text around them about, are shown as what they are: wrong. */
function escaped(text: string): string {
  return escapeHtml(
    text.replace(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
      '\ufffd',
    ),
  )
}
