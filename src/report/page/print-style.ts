/**
 * On paper: two pages that are readable in black and white. Figures, what to do, teammates and charts; lists that go on
 * for pages stay on the screen, and the paper says so.
 */
export const print = `@page{size:A4;margin:11mm}
@media print{
:root{color-scheme:light;--bg:#fff;--card:#fff;--text:#000;--muted:#444;--line:#bbb;--good:#000;--warning:#000;--bad:#000;--good-bg:#fff;--warning-bg:#fff;--bad-bg:#fff;--connected:#333;--voicemail:#777;--not_reached:#bbb;--failed:#555;--other:#999;--in_progress:#888;--ink:#000;--shade-0:#fff;--shade-1:#eee;--shade-2:#ddd;--shade-3:#ccc;--shade-4:#bbb;--shade-5:#aaa;--line-bg:#e6e6e6;--hatch:#bbb}
body{font-size:8pt;line-height:1.3;background:none}
main,header,footer{max-width:none;padding:0}
main>*{margin:0 0 1.8mm}
section{padding:1.5mm 3mm;border-radius:2mm}
.verdict{padding:2mm 3mm}.verdict .sign{width:6mm;height:6mm}
h1{font-size:11pt}h2,.head h2{font-size:10pt}
nav.filters,.contents,.csv,.top .status,.updates,.aside,.verdict details,.paper-less{display:none}
section:has(>.head>#queues),section:has(>.head>#funnel),section:has(>.head>#wasted),section:has(>.head>#lists),section:has(>.head>#removals),section:has(>.head>#follow-ups),section:has(>.head>#attempts),section:has(>.head>#first-weeks),section[aria-labelledby=definitions]{display:none}
.only-print{display:block;color:var(--muted)}
.tiles,.tiles.of-6{grid-template-columns:repeat(4,1fr);gap:2mm}
.tile{padding:1mm 2mm}.tile .value b{font-size:13pt}.tile .value,.tile h2,.tile .before{font-size:7.5pt}.tile .before{margin-top:1mm;padding-top:1mm}.spark{height:6mm;margin-top:1mm}
.todo li{padding:.3mm 0}.todo .figure{font-size:10pt}
.says{margin:.5mm 0 1mm;max-width:none}.answers{margin:0 0 1mm;max-width:none}
table{font-size:8pt}th{font-size:7.5pt}th,td{padding:.5mm 2mm .5mm 0}
#people-table tr:nth-child(n+21){display:none}
.scroll{overflow:visible}
section,.tile,tr,figure{break-inside:avoid}section:has(>.head>#people),section:has(>.head>#burndown){break-inside:auto}h2,.says{break-after:avoid}
.burndowns{grid-template-columns:repeat(3,1fr);gap:1.5mm 4mm}.burndowns.alone{grid-template-columns:1fr}.burndown{height:11mm;margin-top:1.5mm}.burndown text{font-size:8px}.alone .burndown{height:35mm}
.week{max-width:none}.week{font-size:7pt;border-spacing:1px}.week th,.week td{height:auto;padding:.1mm;line-height:1.25}.week th{font-size:7pt}.week td small{display:inline;margin-left:.3em;font-size:6pt}
.plot{zoom:.62}
.fine{font-size:7.5pt;margin:1mm 0 0;max-width:none}.legend{font-size:7.5pt;margin:0 0 1mm}
h3{font-size:8pt;overflow-wrap:normal}figcaption{font-size:7pt;gap:1mm;margin:0}p.axis{font-size:6.5pt;margin:0}
.wide,#people-table .range{display:none}
p.filters,p.only-print{font-size:7.5pt}
#people-table td:nth-child(2){padding-right:4mm}
a{text-decoration:none}a.rows{text-decoration:none}
footer{padding:0;font-size:7pt}footer p{max-width:none;margin:0}
.fill,.over,.open,.week td,.unread,path.area,.swatch rect{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}`
