// One image as large as the window. Wheel, + and - zoom, dragging moves, 0 fits; the arrow keys go on to the next.
import { Overlay, colour } from "aistudio-overlays";

const MOST = 500; // annotations in the list
const FEW = 6; // problems that are told at once
const EFFECTS = { "left out": "bad", changed: "wait", noted: "muted" };

export default {
  components: { Overlay },
  template: `
    <q-dialog :model-value="Boolean(picture)" maximized no-shake :aria-label="picture?.name" @update:model-value="$emit('closed')" @show="$refs.stage?.focus()">
      <div v-if="picture" class="viewer panel" @keydown="key">
        <div class="viewer-stage" ref="stage" tabindex="0" role="group" :aria-label="picture.name + ', ' + picture.text" @wheel.prevent="wheel"
            @pointerdown="grab" @pointermove="drag" @pointerup="moving = null" @pointercancel="moving = null" @dblclick="fit">
          <div class="viewer-image" :style="place_">
            <img v-if="!loaded" :src="picture.thumbnail" alt="" draggable="false" />
            <img :src="picture.view" :key="picture.id" alt="" draggable="false" :class="{ tiny: pixelated }" @error="failed = true" @load="[failed, loaded] = [false, true]" />
            <Overlay v-if="marks" :picture="picture" :side="2048" :hidden="hidden" :active="active" />
          </div>
          <div v-if="failed" class="viewer-failed bad" role="alert">The image file cannot be read. It may have been moved or changed since the import.</div>
          <div class="viewer-tools panel" @pointerdown.stop @dblclick.stop>
            <q-btn flat dense round icon="remove" aria-label="Zoom out" @click="zoom(1 / 1.4)" />
            <span class="numbers viewer-scale">{{ Math.round(scale * fitted * 100) }} %</span>
            <q-btn flat dense round icon="add" aria-label="Zoom in" @click="zoom(1.4)" />
            <q-btn flat dense icon="fit_screen" label="Fit" no-caps @click="fit" />
          </div>
        </div>
        <aside class="viewer-side" aria-label="About this image">
          <div class="viewer-head">
            <q-btn flat dense round icon="arrow_back" aria-label="Previous image" :disable="!before" @click="$emit('step', -1)" />
            <span class="numbers muted" role="status">{{ place }}</span>
            <q-btn flat dense round icon="arrow_forward" aria-label="Next image" :disable="!after" @click="$emit('step', 1)" />
            <q-space />
            <q-btn flat dense round icon="close" aria-label="Close" @click="$emit('closed')" />
          </div>
          <div class="viewer-body">
            <h2 class="panel-title viewer-name">{{ picture.name }}</h2>
            <div :class="picture.bad ? 'bad' : ''">{{ picture.text || "not marked" }}</div>
            <ul v-if="picture.problems.length" class="viewer-problems" aria-label="Problems">
              <li v-for="({ effect, text }, place) in told" :key="place"><span :class="effects[effect]">{{ effect }}</span> {{ text }}</li>
            </ul>
            <button v-if="picture.problems.length > told.length" type="button" class="link-button" @click="all">Show all {{ picture.problems.length.toLocaleString('en') }} problems</button>
            <dl class="facts"><template v-for="[name, value] in facts" :key="name"><dt>{{ name }}</dt><dd>{{ value }}</dd></template></dl>
            <div class="viewer-links">
              <a class="chart-csv" :href="picture.full" :download="picture.file">Download the original</a>
              <button v-if="picture.twin" type="button" class="link-button" @click="$emit('follow')">Show what looks alike</button>
            </div>
            <template v-if="rows.length">
              <div class="viewer-list-head">
                <h2 class="section-title">Annotations ({{ rows.length.toLocaleString('en') }})</h2>
                <q-checkbox v-model="marks" dense size="xs" label="Show" />
              </div>
              <div v-if="picture.shapes.length && groups.length > 1" class="viewer-groups">
                <button v-for="group in groups" :key="group.label" type="button" class="viewer-group" :aria-pressed="!hidden.includes(group.colour)" @click="toggle(group.colour)">
                  <i :style="{ background: paint(group.colour) }"></i>{{ group.label }} <span class="faint numbers">{{ group.count }}</span>
                </button>
              </div>
              <ul class="viewer-list">
                <li v-for="row in rows.slice(0, most)" :key="row.key" :class="{ chosen: row.key === active }">
                  <button type="button" :aria-pressed="row.key < 0 ? !hidden.includes(row.colour) : null" @pointerenter="active = row.key" @pointerleave="active = -1" @focus="active = row.key" @blur="active = -1" @click="row.key < 0 ? toggle(row.colour) : look(row)">
                    <i :style="{ background: paint(row.colour) }"></i><span class="cut">{{ row.label }}</span><span class="faint numbers">{{ row.text }}</span>
                  </button>
                </li>
              </ul>
              <div v-if="rows.length > most" class="faint">and {{ (rows.length - most).toLocaleString('en') }} more</div>
            </template>
          </div>
        </aside>
      </div>
    </q-dialog>`,
  props: { picture: Object, facts: Array, place: String, before: Boolean, after: Boolean },
  data() {
    return { scale: 1, x: 0, y: 0, fitted: 1, moving: null, marks: true, active: -1, hidden: [], failed: false, loaded: false, whole: false, most: MOST, effects: EFFECTS };
  },
  computed: {
    place_() {
      const { width, height } = this.picture;
      const size = this.fitted * this.scale;
      return { width: `${width * size}px`, height: `${height * size}px`, transform: `translate(calc(-50% + ${this.x}px), calc(-50% + ${this.y}px))` };
    },
    told() {
      const { problems } = this.picture;
      return this.whole || problems.length <= FEW + 1 ? problems : problems.slice(0, FEW);
    },
    pixelated() {
      return this.fitted * this.scale >= 2;
    },
    rows() {
      const shapes = this.picture.shapes.map((shape, key) => {
        const [x, y, w, h] = shape.box.map((number) => Math.round(number));
        const text = [`${w} × ${h} at ${x}, ${y}`, ...shape.flags].join(" · ");
        return { key, label: shape.label ?? "ignored", colour: shape.colour, text, box: shape.box };
      });
      const shares = (this.picture.mask?.shares ?? []).map(({ label, colour: number, text }, place) => {
        return { key: -2 - place, label, colour: number, text };
      });
      return [...shapes, ...shares];
    },
    groups() {
      const found = new Map();
      for (const { label, colour: number } of this.rows) {
        const group = found.get(label) ?? { label, colour: number, count: 0 };
        group.count += 1;
        found.set(label, group);
      }
      return [...found.values()];
    },
  },
  watch: {
    picture(now, before) {
      if (now?.id === before?.id) return;
      this.active = -1;
      this.failed = this.loaded = this.whole = false;
      if (!now) this.hidden = [];
      this.$nextTick(() => this.fit());
    },
  },
  mounted() {
    this.sizes = new ResizeObserver(() => this.measure());
    if (this.picture) this.$nextTick(() => this.fit());
  },
  unmounted() {
    this.sizes.disconnect();
  },
  methods: {
    paint: colour,
    all() {
      this.whole = true;
      this.$refs.stage.focus(); // the button is gone
    },
    measure() {
      const stage = this.$refs.stage;
      if (!stage || !this.picture) return;
      const room = Math.min(stage.clientWidth / this.picture.width, stage.clientHeight / this.picture.height);
      this.fitted = Math.min(room, 8);
    },
    fit() {
      if (this.$refs.stage) this.sizes.observe(this.$refs.stage);
      this.measure();
      [this.scale, this.x, this.y] = [1, 0, 0];
    },
    // What is below (x, y), from the middle of the stage, stays there.
    zoom(factor, x = 0, y = 0) {
      const next = Math.min(Math.max(this.scale * factor, 0.2), 64 / this.fitted);
      const ratio = next / this.scale;
      [this.x, this.y, this.scale] = [x - (x - this.x) * ratio, y - (y - this.y) * ratio, next];
    },
    wheel(event) {
      const box = this.$refs.stage.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY / 400), event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2);
    },
    grab(event) {
      this.moving = [event.clientX - this.x, event.clientY - this.y];
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    drag(event) {
      if (this.moving) [this.x, this.y] = [event.clientX - this.moving[0], event.clientY - this.moving[1]];
    },
    look({ box }) {
      const stage = this.$refs.stage;
      const room = Math.min(stage.clientWidth / Math.max(box[2], 1), stage.clientHeight / Math.max(box[3], 1));
      this.scale = Math.max(1, Math.min(0.4 * room, 32) / this.fitted);
      const size = this.fitted * this.scale;
      this.x = (this.picture.width / 2 - box[0] - box[2] / 2) * size;
      this.y = (this.picture.height / 2 - box[1] - box[3] / 2) * size;
    },
    toggle(number) {
      this.hidden = this.hidden.includes(number) ? this.hidden.filter((one) => one !== number) : [...this.hidden, number];
    },
    key(event) {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "ArrowRight" && this.after) this.$emit("step", 1);
      else if (event.key === "ArrowLeft" && this.before) this.$emit("step", -1);
      else if (["+", "="].includes(event.key)) this.zoom(1.4);
      else if (event.key === "-") this.zoom(1 / 1.4);
      else if (event.key === "0") this.fit();
      else return;
      event.preventDefault();
    },
  },
};
