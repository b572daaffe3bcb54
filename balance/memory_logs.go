package balance

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"sekisho/spec"
)

// memoryLogs is what the nodes of a MemoryStore share: entry n of a log is at index n-1.
type memoryLogs struct {
	mu   sync.Mutex
	logs map[string][]Sealed
	rows map[spec.CardHash]Row
}

func (m *memoryLogs) append(a Append) Result {
	if err := a.Check(); err != nil {
		return Result{Outcome: Out, Err: err}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	ours := 0
	for _, e := range a.Entries {
		if e.Version > uint64(len(m.logs[e.Log])) {
			continue
		}
		theirs := m.logs[e.Log][e.Version-1]
		if theirs.Attempt != e.Attempt {
			return Result{Outcome: Conflict, Theirs: &theirs}
		}
		ours++
	}
	if ours == len(a.Entries) {
		return Result{Outcome: In}
	}
	for _, e := range a.Entries {
		if last := uint64(len(m.logs[e.Log])); e.Version != last+1 {
			return Result{Outcome: Out, Err: fmt.Errorf("log %q version %d after %d: %w", e.Log, e.Version, last, ErrGap)}
		}
	}
	for _, row := range a.Rows {
		if _, exists := m.rows[row.Hash]; exists {
			return Result{Outcome: Conflict}
		}
	}
	for _, e := range a.Entries {
		m.logs[e.Log] = append(m.logs[e.Log], e)
	}
	for _, row := range a.Rows {
		m.rows[row.Hash] = row
	}
	return Result{Outcome: In}
}

func (m *memoryLogs) entries(log string) []Sealed {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clip(m.logs[log])
}

func (m *memoryLogs) row(hash spec.CardHash) (Row, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	row, found := m.rows[hash]
	return row, found
}

func (m *memoryLogs) names() (names []string, lasts []uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	names = slices.Sorted(maps.Keys(m.logs))
	for _, name := range names {
		lasts = append(lasts, uint64(len(m.logs[name])))
	}
	return names, lasts
}
