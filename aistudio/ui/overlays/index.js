// Draws what marks an image above it: boxes, outlines, run-length codes and masks, each class in a colour of its own.
export function colour(number) {
  if (number < 0) return "#9aa3b2"; // to be ignored
  const hue = (number * 137.508 + 210) % 360; // the golden angle: neighbours differ most
  return `hsl(${hue.toFixed(0)} ${number % 2 ? 72 : 85}% ${[55, 46, 64][number % 3]}%)`;
}

function bytes(text) {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  context.fillStyle = text;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

const known = new Map();
function rgb(number) {
  if (!known.has(number)) known.set(number, bytes(colour(number)));
  return known.get(number);
}

// Lengths of the runs of 0 and 1 in turn, down the columns: the compressed text of COCO.
function runs(code) {
  const counts = [];
  let [value, shift] = [0, 0];
  for (const character of code) {
    const part = character.charCodeAt(0) - 48;
    value += (part & 31) * 2 ** shift;
    shift += 5;
    if (part & 32) continue;
    if (part & 16) value -= 2 ** shift;
    counts.push(value + (counts.length > 2 ? counts.at(-2) : 0));
    [value, shift] = [0, 0];
  }
  return counts;
}

function put(data, at, [red, green, blue], alpha) {
  data.set([red, green, blue, alpha], 4 * at);
}

function paintRuns(pixels, shape, scale, height) {
  const column = Math.max(1, height);
  let at = 0;
  runs(shape.code).forEach((count, place) => {
    for (let n = at; place % 2 && n < at + count; n++) {
      const x = Math.floor(Math.floor(n / column) * scale);
      const y = Math.floor((n % column) * scale);
      if (x < pixels.width && y < pixels.height) put(pixels.data, y * pixels.width + x, rgb(shape.colour), 150);
    }
    at += count;
  });
}

function paintMask(pixels, mask, hidden) {
  for (let at = 0; at < pixels.width * pixels.height; at++) {
    const value = pixels.data[4 * at] + (mask.deep ? 256 * pixels.data[4 * at + 1] : 0);
    if (mask.defect) put(pixels.data, at, [225, 29, 72], value > 127 ? 165 : 0);
    else if (value === mask.ignore) put(pixels.data, at, [154, 163, 178], 150);
    else put(pixels.data, at, rgb(value), value === mask.nothing || hidden.includes(value) ? 0 : 150);
  }
}

function points(flat) {
  const pairs = [];
  for (let n = 0; n + 1 < flat.length; n += 2) pairs.push(`${flat[n]},${flat[n + 1]}`);
  return `M${pairs.join("L")}Z`;
}

// `side`: the largest side in pixels at which masks are painted. `hidden`: numbers of classes that are not drawn.
export const Overlay = {
  template: `
    <span class="overlay" aria-hidden="true">
      <img v-if="mask" class="overlay-source" :src="mask.address" loading="lazy" alt="" @load="arrived" />
      <canvas v-if="mask || coded.length" ref="canvas" class="overlay-pixels"></canvas>
      <svg v-if="shapes.length" :viewBox="'0 0 ' + picture.width + ' ' + picture.height" preserveAspectRatio="xMidYMid meet">
        <path v-for="shape in shapes" :key="shape.key" :d="shape.path" :stroke="shape.stroke" :fill="shape.fill" :fill-opacity="shape.key === active ? 0.4 : shape.opacity"
          :class="{ 'overlay-dashed': shape.dashed, 'overlay-active': shape.key === active }" vector-effect="non-scaling-stroke" fill-rule="evenodd" />
      </svg>
    </span>`,
  props: { picture: Object, side: { type: Number, default: 200 }, hidden: { type: Array, default: () => [] }, active: { type: Number, default: -1 } },
  computed: {
    mask() {
      return this.picture.mask;
    },
    coded() {
      return this.picture.shapes.filter((shape) => shape.code && !this.hidden.includes(shape.colour));
    },
    shapes() {
      return this.picture.shapes
        .map((shape, key) => this.drawn(shape, key))
        .filter((shape) => !this.hidden.includes(shape.number))
        .sort((a, b) => (a.key === this.active) - (b.key === this.active)); // the one that is meant lies on top
    },
  },
  watch: {
    picture(now, before) {
      if (now.mask?.address !== before?.mask?.address) this.source = null; // else it does not arrive again
      this.$nextTick(() => this.paint());
    },
    hidden() {
      this.paint();
    },
  },
  mounted() {
    this.paint();
  },
  methods: {
    drawn(shape, key) {
      const [x, y, w, h] = shape.box;
      const box = `M${x},${y}h${w}v${h}h${-w}Z`;
      const stroke = colour(shape.colour);
      const filled = shape.outline.length && !shape.rotated;
      return {
        key, stroke, fill: stroke, number: shape.colour,
        path: shape.outline.length ? shape.outline.map(points).join("") : box,
        opacity: filled ? 0.3 : 0,
        dashed: shape.flags.length > 0 || Boolean(shape.code),
      };
    },
    arrived(event) {
      this.source = event.target;
      this.paint();
    },
    paint() {
      const canvas = this.$refs.canvas;
      if (!canvas) return;
      const { width, height } = this.picture;
      const scale = Math.min(1, this.side / Math.max(width, height));
      canvas.width = Math.max(1, Math.round(width * scale));
      canvas.height = Math.max(1, Math.round(height * scale));
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.imageSmoothingEnabled = false; // numbers of classes cannot be mixed
      if (this.source && this.mask) context.drawImage(this.source, 0, 0, canvas.width, canvas.height);
      const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
      if (this.source && this.mask) paintMask(pixels, this.mask, this.hidden);
      for (const shape of this.coded) paintRuns(pixels, shape, scale, height);
      context.putImageData(pixels, 0, 0);
    },
  },
};
