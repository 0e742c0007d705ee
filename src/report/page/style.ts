/** The style of the report: the colours and letters of the status page, and what charts need. */
import { policyFor, style } from '../../page/style.ts'
import { print } from './print-style.ts'

export const reportStyle = `${style}
:root{--connected:#0b7a75;--voicemail:#3b8fc4;--not_reached:#8792a1;--failed:#b0336b;--other:#8d7600;--in_progress:#b86a12;--ink:#10231f;--shade-0:#eef5f4;--shade-1:#d3eae6;--shade-2:#afdad3;--shade-3:#84c5bb;--shade-4:#57aca1;--shade-5:#2f9288;--line-bg:#dcecea;--hatch:#c4ccd6}
@media (prefers-color-scheme:dark){:root{--connected:#3dbcae;--voicemail:#5aa9dd;--not_reached:#717e90;--failed:#e0709f;--other:#c4ad3a;--in_progress:#e09a4a;--ink:#eafffb;--shade-0:#16262a;--shade-1:#163634;--shade-2:#174743;--shade-3:#175853;--shade-4:#186963;--shade-5:#177770;--line-bg:#14302f;--hatch:#3a4554}}
main>*{margin:0 0 1rem}
.top .status{margin-left:auto;font-size:.9rem}
.asof{margin:0;color:var(--muted);font-size:.9rem}
.asof b{color:var(--text)}
.verdict{position:relative;padding:.8rem 1.1rem;gap:.9rem}.verdict .sign{width:1.9rem;height:1.9rem}
.verdict>div{min-width:0;flex:1}
.verdict .sign circle{fill:currentColor}.verdict .sign path{fill:none;stroke:var(--card);stroke-width:3;stroke-linecap:round;stroke-linejoin:round}
.verdict.good .sign{color:var(--good)}.verdict.warning .sign{color:var(--warning)}.verdict.bad .sign{color:var(--bad)}
.verdict ul{font-size:.92rem}
.verdict details{margin:.35rem 0 0}
.verdict .csv{margin-top:.5rem}
h1{font-size:clamp(1.05rem,2.2vw,1.25rem);margin:0}
.filters{display:flex;flex-wrap:wrap;gap:.5rem .9rem;align-items:center;font-size:.92rem}
.periods{display:inline-flex;border:1px solid var(--line);border-radius:9px;overflow:hidden;background:var(--card)}
.periods a{padding:.35rem .8rem;text-decoration:none;white-space:nowrap}
@media (max-width:48rem){.periods{display:flex;flex-wrap:wrap;gap:.35rem;border:0;background:none;overflow:visible}.periods a{border:1px solid var(--line);border-radius:9px;background:var(--card);padding:.3rem .7rem}}
.periods a+a{border-left:1px solid var(--line)}
.periods a[aria-current]{background:var(--text);color:var(--card);font-weight:600}
.chip{border:1px solid var(--line);border-radius:9px;padding:.3rem .7rem;background:var(--card);overflow-wrap:anywhere}
.choose{margin:0}
.choose[open]{flex-basis:100%}
.choose ul{list-style:none;margin:.25rem 0 0;padding:0;columns:11rem;gap:1rem}
.choose form{display:flex;flex-wrap:wrap;gap:.5rem .8rem;align-items:center;margin:.5rem 0}
.choose .months{columns:8rem}
input,button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:9px;padding:.35rem .6rem}
button{cursor:pointer}
input:focus-visible,button:focus-visible{outline:2px solid var(--running);outline-offset:2px}
@media (scripting:none){form{display:none}}
.search{display:inline-flex;gap:.5rem;align-items:end;margin:.25rem 0}.search label{display:inline-flex;flex-wrap:wrap;gap:.25rem .5rem;align-items:center}.search input{width:13rem;max-width:60vw}
.letters{display:flex;flex-wrap:wrap;gap:.35rem;margin:.75rem 0}.letters a{border:1px solid var(--line);border-radius:9px;padding:.25rem .6rem;text-decoration:none}.letters small{color:var(--muted);margin-left:.35rem}
td small.beside{display:inline;margin-left:.25rem}
a.rows{text-decoration:underline dotted var(--muted);text-underline-offset:.2em}a.rows:hover{text-decoration-style:solid}
.todo{list-style:none;margin:.4rem 0 0;padding:0}.todo li{display:grid;grid-template-columns:minmax(4.5rem,max-content) 1fr;gap:0 .9rem;align-items:baseline;padding:.4rem 0;border-top:1px solid var(--line)}.todo li:first-child{border-top:0}.todo .figure{text-align:right;font-size:1.1rem;font-variant-numeric:tabular-nums}.todo .rest span{grid-column:2;color:var(--muted)}
.calm{margin:.4rem 0 0;font-size:1.05rem}
.contents ul{list-style:none;margin:0 0 1rem;padding:0 .2rem;columns:15rem;column-gap:1.5rem;font-size:.9rem}.contents li{break-inside:avoid;padding:.12rem 0}.contents a{text-decoration-color:var(--muted)}
.answers{margin:0 0 .9rem;padding-left:1.1rem;max-width:48rem;text-wrap:pretty}.says:has(+.answers){margin-bottom:.25rem}
h2{scroll-margin-top:1rem}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(18rem,100%),1fr));gap:.5rem 2rem}.columns ul{margin:.25rem 0;padding-left:1.1rem}
.only-print{display:none}
.steps{display:inline-flex;gap:.8rem}
.choose li{break-inside:avoid;padding:.1rem 0;overflow-wrap:anywhere}
.tiles{grid-template-columns:repeat(4,1fr)}
@media (min-width:56.01rem){.tiles.of-6{grid-template-columns:repeat(3,1fr)}}
@media (max-width:56rem){.tiles{grid-template-columns:repeat(2,1fr)}}
@media (max-width:22rem){.tiles{grid-template-columns:1fr}}
.tile{margin:0;padding:.85rem 1rem;display:flex;flex-direction:column;min-width:0}
.tile h2{font-size:.85rem;font-weight:500;color:var(--muted);margin:0}
.tile p{margin:0;font-variant-numeric:tabular-nums}
.tile .value{font-size:.85rem;line-height:1.35;color:var(--muted)}
.tile .value b{display:block;font-size:1.9rem;line-height:1.25;font-weight:650;letter-spacing:-.02em;color:var(--text)}
.spark{display:block;margin-top:.5rem}.spark .over{fill:var(--connected);opacity:.75}.spark .open{fill:var(--connected);opacity:.4}
.change{font-weight:650}
.tile .before small{color:var(--muted)}
.tile .before{font-size:.85rem;line-height:1.35;margin-top:.4rem;padding-top:.4rem;border-top:1px solid var(--line)}
.tile .csv{margin-top:auto;padding-top:.5rem}
.head{display:flex;flex-wrap:wrap;gap:0 1rem;align-items:baseline;max-width:none;padding:0;margin:0}
.head h2{margin:0;font-size:1.1rem;letter-spacing:-.01em}
.csv{margin:0 0 0 auto;font-size:.78rem;color:var(--muted)}
.tile .csv,.verdict .csv,details .csv{margin-left:0}
.csv a{color:var(--muted);margin-right:.6rem;white-space:nowrap}
.head .csv a{margin:0 0 0 .6rem}
.says{margin:.15rem 0 .9rem;max-width:48rem;text-wrap:pretty}
.fine,.more,.empty,.none{color:var(--muted);font-size:.85rem;margin:.5rem 0 0;max-width:48rem}
.empty{padding:1.5rem 0;text-align:center;max-width:none;font-size:1rem}
.none{font-size:.92rem}
tbody th{color:var(--text);font-weight:500;font-size:inherit;overflow-wrap:anywhere;min-width:7rem}
tr:last-child th[scope=row]{border-bottom:0}
.scroll+.scroll,.more+.scroll{margin-top:1.25rem}
tbody th small{display:block;color:var(--muted);font-weight:400}
th[scope=col]{vertical-align:bottom}
.rate{display:flex;gap:.15rem .5rem;align-items:center;white-space:nowrap}
.rate b{font-weight:600;min-width:2.6em;text-align:right}
.rate small{display:inline;min-width:4.6em}
.range{flex:1 1 5rem;min-width:5rem;max-width:12rem;overflow:visible}#people-table .range{flex-basis:4rem;min-width:4rem;max-width:6.5rem}
.range .axis{stroke:var(--line)}.range .all{stroke:var(--muted)}.range .spread{stroke:var(--connected);stroke-width:3;stroke-linecap:round;opacity:.45}.range circle{fill:var(--connected)}
.scroll td,.scroll thead th{white-space:nowrap}@media screen and (max-width:56rem){.scroll .range,.scroll .wide{display:none}.scroll td,.scroll th{padding-right:.5rem}.scroll table{font-size:.87rem}.scroll thead th{white-space:normal}}
@media (max-width:56rem){.fine .wide{display:none}}tbody th small.seen{display:inline}
.scroll thead th.n{white-space:normal}.scroll td.text{white-space:normal;min-width:14rem}
@media screen and (max-width:40rem){.scroll table,.scroll tbody{display:block}.scroll thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}.scroll tr{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;padding:.5rem 0;border-bottom:1px solid var(--line)}.scroll tr:last-child{border-bottom:0}.scroll th[scope=row],.scroll td{border:0;padding:0;white-space:normal;text-align:left;min-width:0}.scroll th[scope=row]{flex:1 0 100%;font-weight:600}.scroll td[data-column]::before{content:attr(data-column) ":";color:var(--muted);font-size:.82rem;margin-right:.35rem}.scroll td.text{flex:1 0 100%}.scroll td .rate{display:inline-flex}.scroll .range{display:none}.scroll td .rate b{min-width:0}.scroll td small{display:inline}}
td .unknown,.unknown,.urgent{color:var(--warning);font-weight:600}
.legend{list-style:none;padding:0;margin:.25rem 0 .6rem;gap:.25rem 1.1rem;color:var(--text);font-size:.85rem;align-items:center}
.legend li{display:flex;align-items:center;gap:.4rem;font-variant-numeric:tabular-nums}
.legend small{color:var(--muted)}
.swatch{flex:none;border-radius:2px}
svg text{font-size:11px;fill:var(--muted);font-variant-numeric:tabular-nums}
.textures{position:absolute}
.texture{pointer-events:none}
pattern path{stroke:var(--card);stroke-width:1.6;opacity:.55}pattern .thick{stroke-width:4;opacity:.75}pattern circle{fill:var(--card);opacity:.7}
pattern .faint{stroke:var(--hatch);stroke-width:2;opacity:1}
.unread{fill:url(#texture-unread)}
.grid{stroke:var(--line)}
.plot{display:flex;gap:.5rem}.plot svg{display:block;flex:none;overflow:visible}.plot .days{flex:1;min-width:0;width:auto}
.days .label,.days .total{text-anchor:middle}
.days .total{fill:var(--text)}@media (max-width:30rem){.days .label{font-size:9.5px}}.days .label.last{text-anchor:end}
.fill.connected{fill:var(--connected)}.fill.voicemail{fill:var(--voicemail)}.fill.not_reached{fill:var(--not_reached)}.fill.failed{fill:var(--failed)}.fill.other{fill:var(--other)}.fill.in_progress{fill:var(--in_progress)}
.burndowns{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(18rem,100%),1fr));gap:1.1rem 1.5rem}
.burndowns.alone{grid-template-columns:1fr}
figure{margin:0;min-width:0}
figcaption{display:flex;gap:.75rem;justify-content:space-between;align-items:baseline;font-size:.85rem;color:var(--muted);font-variant-numeric:tabular-nums;margin-bottom:.2rem}
figcaption b{color:var(--text)}
h3{font-size:.92rem;font-weight:600;margin:0;color:var(--text);overflow-wrap:anywhere}
figcaption span{white-space:nowrap}
.burndown{display:block;height:76px;overflow:visible}
.alone .burndown{height:220px}
path.line{fill:none;stroke:var(--connected);stroke-width:2;vector-effect:non-scaling-stroke;stroke-linejoin:round}
path.area{fill:var(--line-bg)}
path.none{fill:none;stroke:var(--muted);stroke-width:2;stroke-dasharray:1 4;stroke-linecap:round;vector-effect:non-scaling-stroke}

.cleared path{fill:var(--bad);stroke:var(--card);stroke-width:1}
.other{stroke:var(--muted);stroke-width:1;fill:none}
.reset{stroke:var(--warning);stroke-width:1.5;stroke-dasharray:3 2;fill:none}
text.mark{fill:var(--warning);font-weight:600;paint-order:stroke;stroke:var(--card);stroke-width:3px}
text.tick{paint-order:stroke;stroke:var(--card);stroke-width:3px}
p.axis{display:flex;justify-content:space-between;margin:.15rem 0 0;font-size:.72rem;color:var(--muted)}
figure details{margin-top:0}figure summary{font-size:.8rem}figure .scroll table{font-size:.82rem}figure .scroll td,figure .scroll thead th{white-space:normal;padding-right:.45rem}figure .scroll th[scope=row],figure .scroll td.n{min-width:0;white-space:nowrap}
.week{table-layout:fixed;max-width:52rem;border-collapse:separate;border-spacing:2px;font-size:.85rem}
.week th,.week td{border:0;padding:.2rem .1rem;text-align:center;vertical-align:middle;min-width:0}
.week th[scope=row]{color:var(--muted);font-weight:400;min-width:0}
.week td{border-radius:5px;line-height:1.2;height:2.35rem}
.week td small{font-size:.72rem}
.week .never{background:none}.week .few{border:1px dashed var(--line)}
.week [class^=shade]{color:var(--ink)}.week [class^=shade] small{color:var(--ink);opacity:.85}
.shade-0{background:var(--shade-0)}.shade-1{background:var(--shade-1)}.shade-2{background:var(--shade-2)}.shade-3{background:var(--shade-3)}.shade-4{background:var(--shade-4)}.shade-5{background:var(--shade-5)}
.words dt{font-weight:600;margin-top:.5rem}.words dd{margin:0;max-width:48rem}
details ul{padding-left:1.1rem;margin:.25rem 0}
footer{display:block}
footer p{margin:.25rem 0;max-width:48rem}
@media (max-width:30rem){.tile .value b{font-size:1.35rem}.top span{display:none}.week{font-size:.75rem}.week td small,.week th{font-size:.68rem}.csv{margin-left:0}.head .csv a{margin:0 .6rem 0 0}}
${print}
`

export const reportPolicy = policyFor(reportStyle)
