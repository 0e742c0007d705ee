/** The style of the board on the wall. Letters are as high as the screen allows: 3 cm or more on a television. */
import { policyFor } from '../../page/style.ts'

export const wallStyle = `
:root{color-scheme:light dark;--bg:#fff;--text:#10161f;--muted:#4c5867;--line:#d9dfe6;--accent:#0b7a75;--warning:#8f4a00;--u:min(1vh,.5625vw)}
@media (prefers-color-scheme:dark){:root{--bg:#0b0f14;--text:#f2f6fa;--muted:#a3b0bf;--line:#263040;--accent:#3dd6c5;--warning:#ffb454}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;background:var(--bg);color:var(--text);font:600 calc(5.2*var(--u))/1.2 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;display:flex;flex-direction:column;padding:calc(2.5*var(--u)) calc(4*var(--u));gap:calc(2*var(--u))}
header,footer{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:baseline;gap:0 calc(3*var(--u));color:var(--muted)}
header strong{color:var(--text)}
.late{color:var(--warning)}
main{flex:1;display:grid;grid-template-columns:minmax(0,2fr) minmax(0,4fr);gap:calc(5*var(--u))}
h1,h2{font-size:inherit;font-weight:inherit;margin:0}
.figures{display:flex;flex-direction:column;justify-content:space-between;gap:calc(1*var(--u))}
.figure h2{color:var(--muted);font-size:calc(4.6*var(--u))}
.figure b{display:block;font-size:calc(14*var(--u));line-height:1;letter-spacing:-.03em;font-weight:750}
.figure.main b{color:var(--accent)}
.figure p{margin:calc(.4*var(--u)) 0 0;font-size:calc(3.6*var(--u));color:var(--muted)}
table{border-collapse:collapse;width:100%;table-layout:fixed}
th,td{padding:calc(1*var(--u)) 0;border-bottom:1px solid var(--line);text-align:left;font-weight:600}
thead th{color:var(--muted);font-size:calc(3.8*var(--u));padding-top:0}
tbody th{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.n{text-align:right;width:17%}
td.reached{color:var(--accent)}
.rest{color:var(--muted);margin:calc(1.5*var(--u)) 0 0;font-size:calc(4*var(--u))}
footer{font-size:calc(2.6*var(--u));font-weight:500}
footer a{color:inherit}
a:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
@media (max-aspect-ratio:1/1){:root{--u:min(.62vh,1.05vw)}main{grid-template-columns:1fr;align-content:start}.figures{flex-direction:row;flex-wrap:wrap}.figure b{font-size:calc(12*var(--u))}}
@media (max-width:40rem){:root{--u:1.35vw}.n{width:19%}}
`

export const wallPolicy = policyFor(wallStyle)
