/**
 * The style of the status page, on which the report builds. A page names the hash of its style in its
 * Content-Security-Policy: no other one applies.
 */
import { createHash } from 'node:crypto'
import { script } from './updates.ts'

export const style = `
:root{color-scheme:light dark;--bg:#f4f6f8;--card:#fff;--text:#18202c;--muted:#5a6675;--line:#e1e6ec;--good:#14804a;--warning:#a85800;--bad:#c2232b;--running:#3556d3;--good-bg:#e7f6ee;--warning-bg:#fdf1e0;--bad-bg:#fdeaea}
@media (prefers-color-scheme:dark){:root{--bg:#0f1319;--card:#171d26;--text:#e6ebf2;--muted:#97a3b3;--line:#28313d;--good:#47c288;--warning:#eea243;--bad:#ff7272;--running:#8ea6ff;--good-bg:#12291f;--warning-bg:#2e2313;--bad-bg:#331a1d}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
main,header,footer{max-width:66rem;margin:0 auto;padding:0 1rem}
header{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:baseline;padding-top:1.25rem;padding-bottom:.75rem}
header strong{font-size:1.05rem;overflow-wrap:anywhere}
header span,footer,.muted{color:var(--muted)}
header .at{margin-left:auto;font-size:.85rem}
.verdict{display:flex;gap:1rem;align-items:flex-start;border-radius:14px;padding:1.1rem 1.25rem;border:1px solid var(--line);background:var(--card)}
.verdict.good{background:var(--good-bg)}.verdict.warning{background:var(--warning-bg)}.verdict.bad{background:var(--bad-bg)}
.verdict svg{flex:none;width:2.25rem;height:2.25rem;margin-top:.05rem}
.good .disc{fill:var(--good)}.warning .disc{fill:var(--warning)}.bad .disc{fill:var(--bad)}
.verdict .sign{fill:none;stroke:var(--card);stroke-width:3;stroke-linecap:round;stroke-linejoin:round}
h1{font-size:clamp(1.2rem,3.4vw,1.7rem);line-height:1.25;margin:.15rem 0 0;letter-spacing:-.01em;text-wrap:balance}
.verdict ul{margin:.5rem 0 0;padding-left:1.1rem;overflow-wrap:anywhere}
h2{font-size:1rem;margin:0 0 .75rem}
.tiles{display:grid;grid-template-columns:repeat(6,1fr);gap:.75rem;margin:1rem 0}
@media (max-width:56rem){.tiles{grid-template-columns:repeat(3,1fr)}}
@media (max-width:30rem){.tiles{grid-template-columns:repeat(2,1fr)}}
.tiles div,section{background:var(--card);border:1px solid var(--line);border-radius:14px}
.tiles div{padding:.75rem .9rem;min-width:0}
.tiles dt{color:var(--muted);font-size:.8rem}
.tiles dd{margin:0;font-variant-numeric:tabular-nums}
.tiles dd b{display:block;font-size:1.3rem;font-weight:650;letter-spacing:-.01em;line-height:1.35}
.tiles dd small{color:var(--muted);font-size:.8rem;display:block;overflow-wrap:anywhere}
dl{margin:0}
section{padding:1rem 1.1rem;margin:0 0 1rem}
section.problems{border-color:var(--warning)}
.problems ul{list-style:none;margin:0;padding:0}
.problems li{padding:.6rem 0;border-top:1px solid var(--line)}
.problems li:first-child{border-top:0;padding-top:0}
.problems p{margin:0;overflow-wrap:anywhere}
.problems p+p{font-size:.85rem}
.live{margin:0 0 1rem;padding:0 .2rem;color:var(--muted);font-size:.9rem;overflow-wrap:anywhere}
.live b{color:var(--text);font-weight:600}
.chart{display:block;width:100%;height:auto}
.axis{stroke:var(--line)}
.bar.ok{fill:var(--good)}.bar.partial,.cap.partial{fill:var(--warning)}.bar.failed,.cap.failed{fill:var(--bad)}.bar.running{fill:var(--running)}
.bar.failed{opacity:.75}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin:.5rem 0 1rem;color:var(--muted);font-size:.8rem}
.legend span:first-child{margin-right:auto}
.key::before{content:"";display:inline-block;width:.7em;height:.7em;border-radius:3px;margin-right:.4em;background:currentColor}
.key.ok::before{background:var(--good)}.key.partial::before{background:var(--warning)}.key.failed::before{background:var(--bad)}
.scroll{overflow-x:auto;margin:0 -.35rem;padding:0 .35rem}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th{color:var(--muted);font-weight:500;font-size:.8rem;text-align:left}
th,td{padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th:last-child,td:last-child{padding-right:0}
tr:last-child td{border-bottom:0}
.n{text-align:right;white-space:nowrap}
.when{white-space:nowrap}
td.name{overflow-wrap:anywhere;min-width:6rem}
td small{display:block;color:var(--muted);overflow-wrap:anywhere}
tr:has(+.why) td{border-bottom:0;padding-bottom:0}
.why td{color:var(--muted);font-size:.82rem;padding-top:0;overflow-wrap:anywhere}
abbr{text-decoration:none}
.word{font-weight:600}.word.ok,.word.good{color:var(--good)}.word.partial,.word.warning{color:var(--warning)}.word.failed,.word.bad{color:var(--bad)}.word.running{color:var(--running)}
details{margin-top:.5rem}
summary{cursor:pointer;color:var(--muted);font-size:.9rem;padding:.25rem 0}
a{color:inherit;text-underline-offset:.15em}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--running);outline-offset:2px;border-radius:4px}
footer{display:flex;flex-wrap:wrap;gap:.35rem 1.1rem;padding-top:.25rem;padding-bottom:2rem;font-size:.85rem}
footer .end{margin-left:auto}
@media (max-width:30rem){body{font-size:14px}.wide{display:none}section{padding:.85rem .8rem}.verdict{padding:.9rem;gap:.75rem}header .at{margin-left:0;width:100%}footer .end{margin-left:0}}
@media print{body{background:#fff}.tiles div,section,.verdict{break-inside:avoid}}
`

/** Of a page: nothing from elsewhere, this one style, and the script that keeps it up to date. */
export function policyFor(onlyStyle: string): string {
  return [
    "default-src 'none'",
    `style-src ${hashOf(onlyStyle)}`,
    `script-src ${hashOf(script)}`,
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

export const contentSecurityPolicy = policyFor(style)
