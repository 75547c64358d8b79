// Lines of text that grow at the end; follows the end as long as the user is there.
export default {
  template: `
    <div class="line-log">
      <div class="line-tools">
        <q-btn-toggle v-model="level" :options="levels" dense unelevated no-caps size="sm" toggle-color="primary" role="group" aria-label="Level" />
        <span class="faint numbers">{{ shown.length.toLocaleString("en") }} {{ shown.length === 1 ? "line" : "lines" }}</span>
        <q-space />
        <a :href="download" class="chart-csv" download>Download log</a>
      </div>
      <div class="log lines" ref="box" tabindex="0" role="log" :aria-label="label" @scroll.passive="moved">
        <div v-for="line in shown" :key="line.key" :class="'line-' + line.level">{{ line.text }}</div>
        <div v-if="last" :class="'line-' + last.level">{{ last.text }}</div>
        <div v-if="!shown.length && !last" class="faint">{{ lines.length ? "No lines of this level." : "Nothing was printed." }}</div>
      </div>
    </div>`,
  props: { label: String, most: Number, download: String },
  data() {
    const levels = [["All", "all"], ["Warnings", "warning"], ["Errors", "error"]].map(([label, value]) => ({ label, value }));
    return { lines: [], unfinished: null, level: "all", levels };
  },
  created() {
    this.count = 0;
    this.follows = true;
  },
  computed: {
    wanted() {
      return { all: ["info", "warning", "error"], warning: ["warning", "error"], error: ["error"] }[this.level];
    },
    shown() {
      return this.lines.filter((line) => this.wanted.includes(line.level));
    },
    last() {
      return this.unfinished && this.wanted.includes(this.unfinished.level) ? this.unfinished : null;
    },
  },
  watch: {
    level() {
      this.end();
    },
  },
  methods: {
    add(lines, unfinished, reset) {
      const fresh = lines.map((line) => Object.freeze({ ...line, key: this.count++ }));
      this.lines = (reset ? fresh : [...this.lines, ...fresh]).slice(-this.most);
      this.unfinished = unfinished;
      if (reset) this.follows = true;
      this.end();
    },
    moved() {
      const box = this.$refs.box;
      this.follows = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
    },
    async end() {
      if (!this.follows) return;
      await this.$nextTick();
      this.$refs.box.scrollTop = this.$refs.box.scrollHeight;
    },
  },
};
