// Lines of text that grow at the end; follows the end as long as the user is there.
export default {
  template: `
    <div class="line-log">
      <div class="line-tools">
        <q-btn-toggle v-model="level" :options="levels" dense unelevated no-caps size="sm" toggle-color="primary" role="group" aria-label="Level" />
        <span class="faint numbers">{{ shown.length.toLocaleString() }} lines</span>
        <q-space />
        <a :href="download" class="chart-csv" download>Download log</a>
      </div>
      <div class="log lines" ref="box" tabindex="0" role="log" :aria-label="label" @scroll.passive="moved">
        <div v-for="line in shown" :key="line.key" :class="'line-' + line.level">{{ line.text }}</div>
        <div v-if="unfinished" class="line-info">{{ unfinished.text }}</div>
        <div v-if="!shown.length && !unfinished" class="faint">{{ lines.length ? "No lines of this level." : "Nothing was printed." }}</div>
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
    shown() {
      const wanted = { all: ["info", "warning", "error"], warning: ["warning", "error"], error: ["error"] }[this.level];
      return this.lines.filter((line) => wanted.includes(line.level));
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
