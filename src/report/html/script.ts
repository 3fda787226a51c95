/** What makes the charts interactive: names of marks on pointing and focus, arrow keys from mark to mark, legends that switch units off. */
export const script = `
'use strict';
const tip = document.getElementById('tip');
let shown;
const hide = () => { tip.hidden = true; shown = undefined; };
const show = (mark) => {
  shown = mark;
  tip.textContent = mark.getAttribute('aria-label');
  tip.hidden = false;
  const at = mark.getBoundingClientRect(), size = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(innerWidth - size.width - 4, at.left + at.width / 2 - size.width / 2)) + 'px';
  tip.style.top = (at.top - size.height - 8 > 0 ? at.top - size.height - 8 : at.bottom + 8) + 'px';
};
for (const chart of document.querySelectorAll('.chart')) {
  const marks = () => [...chart.querySelectorAll('.mark')].filter((mark) => !mark.classList.contains('off'));
  const enter = (mark) => { for (const other of chart.querySelectorAll('.mark')) other.setAttribute('tabindex', other === mark ? '0' : '-1'); };
  if (marks()[0]) enter(marks()[0]);
  chart.addEventListener('pointerover', (event) => { const mark = event.target.closest('.mark'); if (mark) show(mark); else hide(); });
  chart.addEventListener('pointerleave', hide);
  chart.addEventListener('focusin', (event) => { const mark = event.target.closest('.mark'); if (mark) { enter(mark); show(mark); } else hide(); });
  chart.addEventListener('focusout', hide);
  chart.addEventListener('keydown', (event) => {
    const mark = event.target.closest('.mark');
    if (!mark) return;
    if (event.key === 'Escape') return hide();
    const all = marks(), at = all.indexOf(mark);
    const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    all[Math.max(0, Math.min(all.length - 1, next))].focus();
  });
  for (const key of chart.querySelectorAll('.key')) key.addEventListener('click', () => {
    const on = key.getAttribute('aria-pressed') !== 'true';
    key.setAttribute('aria-pressed', String(on));
    for (const part of chart.querySelectorAll('.drawing .' + key.dataset.unit)) part.classList.toggle('off', !on);
    const first = marks()[0];
    if (first) enter(first);
  });
}
// Focus itself scrolls a mark into view: its name stays with it. The pointer's mark is scrolled away from under it.
document.addEventListener('scroll', () => { if (shown && shown === document.activeElement) show(shown); else hide(); }, true);
addEventListener('beforeprint', () => { for (const details of document.querySelectorAll('details')) details.open = true; });
`
