// Shares that always add up to 100 %: each has a slider and a field. A slider moves the others in proportion; what is
// typed is taken from the one that was touched longest ago, so that typing all of them gives what was typed.
// They are tenths of a per cent, so that no rounding is lost; sliders move by whole per cents.
const WHOLE = 1000, STEP = 10, PAUSE = 80;

export default {
  template: `
    <div class="shares" role="group" :aria-label="label">
      <div class="share-bar" aria-hidden="true">
        <i v-for="part in parts" :key="part.key" :class="'share-' + part.key" :style="{ flexGrow: now[part.key] }"></i>
      </div>
      <div v-for="part in parts" :key="part.key" class="share-row">
        <span class="share-name"><i class="share-dot" :class="'share-' + part.key" aria-hidden="true"></i>{{ part.title }}</span>
        <input type="range" min="0" :max="1000" step="10" :class="'share-' + part.key" :style="{ '--full': now[part.key] / 10 + '%' }" :value="now[part.key]" :aria-label="part.title + ' share'"
          :aria-valuetext="text(part.key) + ' per cent'" @input="slide(part.key, $event.target)" @keydown.enter="tell" />
        <label class="share-field"><input type="text" inputmode="decimal" autocomplete="off"
          :value="typing?.key === part.key ? typing.text : text(part.key)" :aria-label="part.title + ' in per cent'"
          @focus="$event.target.select()" @input="typing = { key: part.key, text: $event.target.value }" @blur="typed" @keydown.enter="typed" /><span aria-hidden="true">%</span></label>
      </div>
      <div class="share-refused" role="alert">{{ refused }}</div>
    </div>`,
  props: { label: String, parts: Array, given: Object },
  data() {
    return { now: { ...this.given.value }, typing: null, refused: "" };
  },
  watch: {
    "given.number"() {
      this.now = { ...this.given.value };
      this.moved = this.told = null;
      this.touched = [];
      this.refused = "";
    },
  },
  created() {
    this.touched = []; // the last one is the newest
    this.moved = null; // what the last one moved took from stays in proportion while it is moved on
  },
  beforeUnmount() {
    clearTimeout(this.timer);
  },
  methods: {
    text(key) {
      return String(this.now[key] / 10);
    },
    slide(key, slider) {
      this.touch(key);
      this.set(key, Math.round(Number(slider.value) / STEP) * STEP, STEP);
      slider.value = this.now[key]; // where it may not go
    },
    typed() {
      if (!this.typing) return;
      const { key, text } = this.typing;
      const number = Number(text.replace(",", ".").replace("%", ""));
      this.typing = null; // from now on the field shows what counts
      const part = this.parts.find((one) => one.key === key);
      const others = this.parts.filter((one) => one !== part);
      const [least, most] = [this.least(part), WHOLE - others.reduce((sum, one) => sum + this.least(one), 0)];
      const wanted = Math.round(number * 10);
      this.refused = "";
      if (wanted >= least && wanted <= most) this.put(part, wanted, others);
      else if (text.trim())
        this.refused = `${part.title} stays at ${this.text(key)} %: “${text.trim()}” is not a number from ${least / 10} to ${most / 10}.`;
      this.tell();
    },
    least(part) {
      return part.empty ? 0 : 1;
    },
    touch(key) {
      this.touched = [...this.touched.filter((one) => one !== key), key];
      this.refused = "";
    },
    put(part, wanted, others) {
      const before = (one) => this.touched.indexOf(one.key);
      if (others.every((one) => before(one) < 0)) {
        this.set(part.key, wanted, wanted % STEP || wanted > WHOLE - STEP * others.length ? 1 : STEP);
      } else {
        const next = { ...this.now, [part.key]: wanted };
        let rest = WHOLE - Object.values(next).reduce((sum, share) => sum + share, 0);
        for (const one of others.sort((a, b) => before(a) - before(b))) {
          const share = Math.max(next[one.key] + rest, this.least(one));
          rest -= share - next[one.key];
          next[one.key] = share;
        }
        [this.now, this.moved] = [next, null];
      }
      this.touch(part.key);
    },
    set(key, wanted, unit) {
      const others = this.parts.filter((part) => part.key !== key);
      const least = (part) => (part.empty ? 0 : unit);
      const own = this.parts.find((part) => part.key === key);
      const room = WHOLE - others.reduce((sum, part) => sum + least(part), 0);
      const value = Math.min(Math.max(wanted, least(own)), room);
      if (this.moved !== key) [this.moved, this.before] = [key, { ...this.now }];
      let rest = WHOLE - value;
      let weight = others.reduce((sum, part) => sum + this.before[part.key], 0);
      const next = { [key]: value };
      others.forEach((part, number) => {
        const later = others.slice(number + 1);
        const most = rest - later.reduce((sum, one) => sum + least(one), 0);
        const share = later.length ? Math.round((rest * this.before[part.key]) / (weight || 1) / unit) * unit : rest;
        next[part.key] = Math.min(Math.max(share, least(part)), most);
        rest -= next[part.key];
        weight -= this.before[part.key];
      });
      this.now = next;
      this.timer ??= setTimeout(() => this.tell(), PAUSE);
    },
    tell() {
      clearTimeout(this.timer);
      this.timer = null;
      const now = JSON.stringify(this.now);
      if (now !== this.told) this.$emit("shared", { ...this.now });
      this.told = now;
    },
  },
};
