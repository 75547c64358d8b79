// A page of images with what marks them, as tiles or as a list. One of them takes Tab, the arrow keys do the rest.
import { Overlay } from "aistudio-overlays";

const FEW = 5; // problems of an image

export default {
  components: { Overlay },
  template: `
    <div>
      <table v-if="list" class="plain-table image-table" :aria-label="label">
        <thead><tr><th></th><th>Name</th><th>Shows</th><th>Pixels</th><th>Bytes</th><th>Format</th><th>Subset</th><th>Problems</th></tr></thead>
        <tbody ref="items">
          <tr v-for="(one, place) in pictures" :key="one.id" :tabindex="place === stop ? 0 : -1" :aria-label="one.name + ', ' + one.text"
              @click="open(place)" @keydown.self="key($event, place)" @focus="stop = place">
            <td><span class="image-frame image-tiny"><img :src="one.thumbnail" loading="lazy" decoding="async" alt="" /><Overlay v-if="marks" :picture="one" :side="64" /></span></td>
            <td :title="one.name">{{ one.name }}</td><td>{{ one.text }}</td><td>{{ one.width }} × {{ one.height }}</td><td>{{ one.bytes }}</td>
            <td>{{ one.format }}</td><td>{{ one.subset }}</td><td class="wait">{{ told(one, " · ") }}</td>
          </tr>
        </tbody>
      </table>
      <div v-else class="image-grid" role="list" :aria-label="label" ref="items" :style="{ '--side': side + 'px' }">
        <figure v-for="(one, place) in pictures" :key="one.id" class="picture" role="listitem">
          <button type="button" class="image-open" :tabindex="place === stop ? 0 : -1" :aria-label="one.name + ', ' + one.text" :title="one.name"
              @click="open(place)" @keydown="key($event, place)" @focus="stop = place">
            <span class="image-frame">
              <img :src="one.thumbnail" loading="lazy" decoding="async" alt="" :class="{ tiny: Math.max(one.width, one.height) <= 64 }" />
              <Overlay v-if="marks" :picture="one" :side="side" />
              <q-icon v-if="one.problems.length" name="warning" class="image-problem wait" size="16px" :title="told(one, '\\n')" />
            </span>
            <span class="image-text" :class="{ bad: one.bad }">{{ one.text || "not marked" }}</span>
            <span class="image-name faint">{{ one.file }}</span>
          </button>
        </figure>
      </div>
    </div>`,
  props: { label: String, pictures: Array, side: Number, list: Boolean, marks: Boolean },
  data() {
    return { stop: 0 };
  },
  watch: {
    pictures() {
      this.stop = Math.min(this.stop, Math.max(0, this.pictures.length - 1));
    },
  },
  methods: {
    told({ problems }, between) {
      const some = problems.slice(0, FEW).map(({ effect, text }) => `${effect}: ${text}`);
      return [...some, ...(problems.length > FEW ? [`and ${(problems.length - FEW).toLocaleString("en")} more`] : [])].join(between);
    },
    open(place) {
      this.stop = place;
      this.$emit("open", place);
    },
    element(place) {
      const item = this.$refs.items?.children[place];
      return this.list ? item : item?.querySelector("button");
    },
    focus(place) {
      this.$nextTick(() => this.element(place)?.focus());
    },
    key(event, place) {
      if (this.list && ["Enter", " "].includes(event.key)) {
        event.preventDefault();
        this.open(place);
        return;
      }
      const row = this.across();
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row, Home: -place, End: this.pictures.length - 1 - place }[event.key];
      if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const next = place + step;
      if (next >= 0 && next < this.pictures.length) this.focus(next);
    },
    // How many stand side by side.
    across() {
      const items = [...(this.$refs.items?.children ?? [])];
      return Math.max(1, items.filter((item) => item.offsetTop === items[0].offsetTop).length);
    },
  },
};
