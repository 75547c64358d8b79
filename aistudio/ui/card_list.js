// Cards of a long list, drawn in the browser: thousands cost the server nothing. Selecting, renaming and searching
// answer at once; what they mean is decided by the server.
export default {
  template: `
    <div class="card-list">
      <div v-if="items.length > few" class="card-tools">
        <q-input v-model="search" dense outlined clearable debounce="80" :aria-label="'Search ' + things" placeholder="Search">
          <template #prepend><q-icon name="search" size="18px" /></template>
        </q-input>
        <q-select v-model="order" :options="orders" dense outlined options-dense emit-value map-options :aria-label="'Sort ' + things" />
      </div>
      <div v-if="items.length && !shown.length" class="faint card-none" role="status">Nothing is called “{{ search }}”.</div>
      <div role="list" :aria-label="label" class="card-rows" ref="rows">
        <div v-for="item in shown" :key="item.id" v-memo="[item, item.id === chosen, item.id === stop, item.id === editing && text]" :data-id="item.id" role="listitem" class="experiment"
            :class="{ selected: item.id === chosen }" :aria-label="item.name" :aria-current="item.id === chosen ? 'true' : 'false'"
            :tabindex="item.id === stop ? 0 : -1" @click="pick(item.id)" @contextmenu.prevent="open(item.id)"
            @keydown.self="key($event, item)">
          <div class="experiment-top">
            <span v-if="item.id === chosen" class="busy experiment-arrow" aria-hidden="true">►</span>
            <input v-if="item.id === editing" class="experiment-edit" v-model="text" :aria-label="'Name of ' + item.name" maxlength="100"
              @click.stop @dblclick.stop @keydown.stop @keydown.enter.prevent="$event.isComposing || finish(true)" @keydown.esc.prevent="finish(false)" @blur="finish(true)" />
            <span v-else class="experiment-name" :title="renames ? item.name + ' (double click to rename)' : item.name" @dblclick.stop="rename(item.id)">{{ item.name }}</span>
            <button type="button" class="experiment-more" :ref="(el) => (buttons[item.id] = el)" :aria-label="'Menu of ' + item.name"
              aria-haspopup="menu" :tabindex="item.id === stop ? 0 : -1" @click.stop="open(item.id)"><i class="q-icon notranslate material-icons" aria-hidden="true">more_vert</i></button>
          </div>
          <div class="experiment-state numbers">
            <span v-if="item.icon" :class="item.colour" :title="item.word" role="img" :aria-label="item.word">{{ item.icon }}</span>
            <span class="cut">{{ item.text }}</span><span class="experiment-right">{{ item.right }}</span>
          </div>
          <div v-if="item.bar.length" class="share-bar" aria-hidden="true">
            <i v-for="(part, number) in item.bar" :key="number" :class="'share-' + part[0]" :style="{ flexGrow: part[1] }"></i></div>
          <div v-if="item.note" class="experiment-note" :title="item.note">{{ item.note }}</div>
        </div>
      </div>
      <q-menu v-model="opened" no-parent-event :target="target" anchor="bottom right" self="top right" @hide="closed">
        <div role="menu" class="card-menu" ref="menu" :aria-label="'Menu of ' + nameOf(menuOf)" @keydown="walk" @keyup.enter.capture.stop @keyup.space.capture.stop>
          <q-item v-for="(action, number) in actions" :key="action" clickable dense v-close-popup role="menuitem"
              :data-autofocus="number ? null : ''" @click="act(action)">
            <q-item-section>{{ action }}</q-item-section>
          </q-item>
        </div>
      </q-menu>
    </div>`,
  props: { initial: Array, selected: String, actions: Array, orders: Array, label: String, few: Number, things: String, renames: Boolean },
  data() {
    return { items: this.initial, chosen: this.selected, search: "", order: this.orders[0].value, editing: null, text: "", opened: false, menuOf: null, target: false, still: null };
  },
  watch: {
    initial(items) {
      this.items = items;
    },
    selected(id) {
      this.chosen = id;
    },
  },
  created() {
    this.buttons = {};
  },
  computed: {
    shown() {
      const wanted = (this.search ?? "").trim().toLowerCase();
      const found = wanted ? this.items.filter((item) => item.name.toLowerCase().includes(wanted)) : [...this.items];
      if (this.still) return found.sort((a, b) => this.still.indexOf(a.id) - this.still.indexOf(b.id));
      const { by, down } = this.orders.find((one) => one.value === this.order);
      return found.sort((a, b) => this.compare(a.sort[by], b.sort[by], down) || a.sort.created - b.sort.created);
    },
    stop() {
      return this.shown.some((item) => item.id === this.chosen) ? this.chosen : this.shown[0]?.id;
    },
  },
  methods: {
    compare(a, b, down) {
      if (a === null || b === null) return (a === null) - (b === null);
      const order = typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
      return down ? -order : order;
    },
    put(item) {
      const at = this.items.findIndex((one) => one.id === item.id);
      if (at < 0) this.items.push(item);
      else this.items[at] = item;
    },
    // When the chosen one goes, the next one of the list is chosen, or the one before it.
    remove(id) {
      const [shown, at] = [this.shown, this.shown.findIndex((item) => item.id === id)];
      const focused = this.cardOf(id)?.contains(document.activeElement);
      this.items = this.items.filter((one) => one.id !== id);
      delete this.buttons[id];
      if (id !== this.chosen) return;
      const next = shown[at + 1] ?? shown[at - 1] ?? this.items[0];
      this.chosen = next?.id ?? null;
      this.$emit("left", this.chosen);
      if (focused && next) this.$nextTick(() => this.cardOf(next.id)?.focus());
    },
    // Also told again what is chosen already, with any news: what somebody searches for stays then.
    choose(id) {
      const another = id !== null && id !== this.chosen;
      this.chosen = id;
      if (another && !this.shown.some((item) => item.id === id)) this.search = ""; // a new one is to be seen
      this.$nextTick(() => this.cardOf(id)?.scrollIntoView({ block: "nearest" }));
    },
    nameOf(id) {
      return this.items.find((item) => item.id === id)?.name ?? "";
    },
    cardOf(id) {
      return [...this.$refs.rows.children].find((card) => card.dataset.id === id);
    },
    pick(id) {
      if (id !== this.chosen) this.$emit("pick", id);
      this.chosen = id;
    },
    key(event, item) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const ends = { Home: this.shown[0], End: this.shown[this.shown.length - 1] }[event.key];
      const next = step ? this.shown[this.shown.indexOf(item) + step] : ends;
      if (next) this.cardOf(next.id).focus();
      else if (event.key === "Enter" || event.key === " ") this.pick(item.id);
      else if (event.key === "F2") this.rename(item.id);
      else if (event.key === "Delete") this.$emit("act", item.id, this.actions[this.actions.length - 1]);
      else if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) this.open(item.id);
      else if (!step && !ends) return;
      event.preventDefault();
    },
    async open(id) {
      this.menuOf = id;
      this.opener = document.activeElement;
      this.target = this.buttons[id];
      await this.$nextTick();
      this.opened = true;
    },
    closed() {
      if (this.editing) return;
      const card = this.cardOf(this.menuOf);
      (card?.contains(this.opener) ? this.opener : card)?.focus();
    },
    // Keys of the menu; pressed, not let go: the Enter that opened it may still be down.
    walk(event) {
      const entries = [...this.$refs.menu.children];
      const at = entries.indexOf(document.activeElement);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
      if (to !== undefined) entries.at(to % entries.length).focus();
      else if (event.key === "Tab") this.opened = false;
      else if (event.key === "Enter" || event.key === " ") event.repeat || entries[at]?.click();
      else return;
      event.preventDefault();
    },
    act(action) {
      if (this.renames && action === this.actions[0]) setTimeout(() => this.rename(this.menuOf), 50); // once the menu gave the focus back
      else this.$emit("act", this.menuOf, action);
    },
    async rename(id) {
      if (!this.renames) return;
      this.still = this.shown.map((item) => item.id); // or a card that is moved would lose what is typed
      this.editing = id;
      this.text = this.nameOf(id);
      await this.$nextTick();
      const field = this.cardOf(id)?.querySelector("input");
      field?.focus();
      field?.select();
    },
    finish(keep) {
      const id = this.editing;
      if (id === null) return; // Enter was followed by the loss of focus
      this.editing = this.still = null;
      const name = this.text.trim();
      if (keep && name && name !== this.nameOf(id)) this.$emit("rename", id, name);
      this.$nextTick(() => document.activeElement === document.body && this.cardOf(id)?.focus());
    },
  },
};
