// The shop's page: asks the JSON API, shows what it says. No library, no state but the server's.

const byId = (id) => document.getElementById(id);
const money = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
const LOG_LINES = 40;

const view = { page: 0, pageSize: 12, total: 0, open: null };
const seen = { hits: 0, misses: 0, hitMicros: [], missMicros: [] };

// Builds an element; text never becomes markup.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'onclick') made.addEventListener('click', value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

async function ask(path, method = 'GET', body = undefined) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error('The shop does not answer. Is it still running?');
  }
  const text = await answer.text();
  const json = text ? JSON.parse(text) : {};
  if (!answer.ok) throw new Error(json.detail || `${answer.status} ${json.title || 'error'}`);
  if (json.reads) note(json.reads);
  return json;
}

function run(action) {
  return async (event) => {
    if (event && event.preventDefault) event.preventDefault();
    try {
      await action(event);
    } catch (error) {
      const toast = byId('toast');
      toast.textContent = error.message;
      toast.hidden = false;
      clearTimeout(run.timer);
      run.timer = setTimeout(() => { toast.hidden = true; }, 6000);
    }
  };
}

function time(micros) {
  return micros < 1000 ? `${micros} µs` : `${(micros / 1000).toFixed(1)} ms`;
}

// The first reads of a process are slow by warming up, so a mean would say little.
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)]);
}

function playing(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function kind(read) {
  if (read.via.includes('write')) return 'write';
  return read.misses === 0 ? 'hit' : 'miss';
}

function keysOf(read) {
  if (read.keys === 1) return '';
  return read.misses === 0 || read.misses === read.keys
    ? ` ×${read.keys}`
    : ` ${read.misses} of ${read.keys}`;
}

function chips(reads) {
  return reads.map((read) => element('li', { class: `chip ${kind(read)}`, title: read.via },
    element('b', {}, kind(read)), `${read.cache}${keysOf(read)}`, element('span', {}, time(read.micros))));
}

// Adds reads to the log and to the figures of this visit.
function note(reads) {
  const log = byId('log');
  for (const read of reads) {
    log.prepend(element('li', {},
      element('span', { class: `chip ${kind(read)}` }, kind(read)),
      element('span', {}, `${read.cache}${keysOf(read)} `, element('span', { class: 'via' }, read.via)),
      element('span', { class: 'time' }, time(read.micros))));
    if (kind(read) === 'write') continue;
    seen.hits += read.keys - read.misses;
    seen.misses += read.misses;
    if (read.keys > 0) (read.misses === 0 ? seen.hitMicros : seen.missMicros).push(read.micros / read.keys);
  }
  while (log.children.length > LOG_LINES) log.lastElementChild.remove();
  const all = seen.hits + seen.misses;
  const ratio = all === 0 ? 0 : (100 * seen.hits) / all;
  byId('tile-ratio').textContent = all === 0 ? '–' : `${ratio.toFixed(0)} %`;
  byId('tile-bar').style.width = `${ratio}%`;
  byId('tile-hits').textContent = seen.hits;
  byId('tile-misses').textContent = seen.misses;
  if (seen.hitMicros.length) byId('tile-hit-time').textContent = `median ${time(median(seen.hitMicros))} a key`;
  if (seen.missMicros.length) byId('tile-miss-time').textContent = `median ${time(median(seen.missMicros))} a key`;
}

async function loadGenres() {
  const { genres } = await ask('api/genres');
  const select = byId('genre');
  for (const genre of genres) {
    select.append(element('option', { value: genre.id }, `${genre.name} (${genre.tracks})`));
  }
}

async function loadTracks() {
  const query = new URLSearchParams({ genre: byId('genre').value, q: byId('q').value.trim(), page: view.page });
  const listing = await ask(`api/tracks?${query}`);
  view.total = listing.total;
  view.pageSize = listing.pageSize;
  byId('tracks').replaceChildren(...listing.items.map(({ track, price }) => element('tr', {},
    element('td', {},
      element('button', { type: 'button', class: 'link', onclick: run(() => openDetail(track.id)) }, track.name),
      element('span', { class: 'sub' }, track.artist)),
    element('td', {}, track.album, element('span', { class: 'sub' }, track.genre)),
    element('td', { class: 'num' }, playing(track.milliseconds)),
    element('td', { class: 'num' }, money.format(price)),
    element('td', {}, element('button', {
      type: 'button',
      'aria-label': `Add ${track.name} to the cart`,
      onclick: run(async () => showCart(await ask(`api/cart/items/${track.id}`, 'POST'))),
    }, 'Add')))));
  byId('listing-reads').replaceChildren(...chips(listing.reads));
  byId('nothing').hidden = listing.total > 0;
  const pages = Math.max(1, Math.ceil(view.total / view.pageSize));
  byId('page-text').textContent = `Page ${view.page + 1} of ${pages}, ${view.total} tracks`;
  byId('previous').disabled = view.page === 0;
  byId('next').disabled = view.page + 1 >= pages;
}

async function openDetail(id) {
  const { track, album, price, reads } = await ask(`api/tracks/${id}`);
  view.open = id;
  byId('detail-name').textContent = track.name;
  byId('detail-artist').textContent = `${track.artist} · ${album ? album.title : track.album}`;
  const facts = [['Genre', track.genre], ['Plays', playing(track.milliseconds)], ['Composer', track.composer || 'not named'], ['Price', money.format(price)]];
  byId('detail-facts').replaceChildren(...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));
  byId('price').value = Number(price).toFixed(2);
  byId('detail-reads').replaceChildren(...chips(reads));
  if (!byId('detail').open) byId('detail').showModal();
}

async function changePrice() {
  const changed = await ask(`api/tracks/${view.open}/price`, 'PUT', { price: byId('price').value });
  await Promise.all([openDetail(changed.trackId), loadTracks(), loadCart()]);
}

function showCart(cart) {
  const step = (line, by) => run(async () => showCart(
    await ask(`api/cart/items/${line.track.id}`, 'PUT', { quantity: line.quantity + by })));
  byId('cart-lines').replaceChildren(...cart.lines.map((line) => element('li', {},
    element('span', {}, line.track.name, element('span', { class: 'sub' }, line.track.artist)),
    element('span', { class: 'stepper' },
      element('button', { type: 'button', class: 'ghost', 'aria-label': `One less of ${line.track.name}`, onclick: step(line, -1) }, '−'),
      String(line.quantity),
      element('button', { type: 'button', class: 'ghost', 'aria-label': `One more of ${line.track.name}`, onclick: step(line, 1) }, '+')),
    element('span', { class: 'num' }, money.format(line.price)))));
  byId('cart-empty').hidden = cart.lines.length > 0;
  byId('cart-foot').hidden = cart.lines.length === 0;
  byId('cart-total').textContent = money.format(cart.total);
  byId('cart-count').textContent = cart.items;
}

async function loadCart() {
  showCart(await ask('api/cart'));
}

async function checkOut() {
  const receipt = await ask('api/checkout', 'POST');
  byId('receipt').textContent = `Thank you: ${receipt.items} ${receipt.items === 1 ? 'copy' : 'copies'} for ${money.format(receipt.total)}. The board has moved.`;
  await Promise.all([loadCart(), loadBoard()]);
}

async function loadBoard() {
  const { entries } = await ask('api/best-sellers?limit=10');
  const most = Math.max(1, ...entries.map((entry) => entry.sold));
  byId('board').replaceChildren(...entries.map((entry) => {
    const fill = element('span', { class: 'fill', 'aria-hidden': 'true' });
    fill.style.width = `${(100 * entry.sold) / most}%`;
    return element('li', {}, fill,
      element('span', { class: 'rank' }, String(entry.rank)),
      element('span', { class: 'name', title: `${entry.title}, ${entry.artist}` }, entry.title, element('span', { class: 'by' }, ` ${entry.artist}`)),
      element('span', { class: 'sold' }, String(entry.sold)));
  }));
}

async function loadEngine() {
  const engine = await ask('api/engine');
  byId('engine').classList.add(engine.embedded ? 'embedded' : 'remote');
  byId('engine-text').replaceChildren(
    element('strong', {}, engine.embedded ? 'Embedded engine' : 'Remote engine'),
    engine.embedded
      ? (engine.address ? `, others reach it at ${engine.address}` : ', this process’ own data')
      : `, ${engine.target}`);
}

byId('find').addEventListener('submit', run(() => { view.page = 0; return loadTracks(); }));
byId('genre').addEventListener('change', run(() => { view.page = 0; return loadTracks(); }));
byId('previous').addEventListener('click', run(() => { view.page -= 1; return loadTracks(); }));
byId('next').addEventListener('click', run(() => { view.page += 1; return loadTracks(); }));
byId('price-form').addEventListener('submit', run(changePrice));
byId('checkout').addEventListener('click', run(checkOut));
byId('clear').addEventListener('click', run(async () => { await ask('api/caches', 'DELETE'); await loadTracks(); }));

run(loadEngine)();
run(loadGenres)();
run(loadTracks)();
run(loadCart)();
run(loadBoard)();
