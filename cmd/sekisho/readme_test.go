package main

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// configKeys are the keys of a configuration that hold a value, such as links[].name, below a path.
func configKeys(t reflect.Type, path string) []string {
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct {
		path += "[]"
	}
	if elem(t).Kind() != reflect.Struct {
		return []string{path}
	}
	var keys []string
	for _, f := range reflect.VisibleFields(elem(t)) {
		if key := f.Tag.Get("yaml"); key != "" && key != "-" {
			keys = append(keys, configKeys(f.Type, strings.TrimPrefix(path+"."+key, "."))...)
		}
	}
	return keys
}

var (
	keyRow  = regexp.MustCompile("(?m)^\\| (`[a-z_]+[.`\\[][^|]*) \\|.*$")
	keyName = regexp.MustCompile("`([^`]+)`")
)

// TestEveryKeyOfTheConfigurationIsInTheTableOfTheREADME wants each key named, or what it is in, and its own name
// in that row; and nothing named that is no key.
func TestEveryKeyOfTheConfigurationIsInTheTableOfTheREADME(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{} // by key
	for _, row := range keyRow.FindAllStringSubmatch(string(text), -1) {
		within := ""
		for _, name := range keyName.FindAllStringSubmatch(row[1], -1) {
			key := name[1]
			if strings.HasPrefix(key, ".") {
				key = within + key
			}
			within = key[:max(0, strings.LastIndexByte(key, '.'))]
			rows[key] = row[0]
		}
	}
	keys := configKeys(reflect.TypeFor[config](), "")
	for _, key := range keys {
		above, name := key, key[strings.LastIndexByte(key, '.')+1:]
		for above != "" && rows[above] == "" {
			above = above[:max(0, strings.LastIndexByte(above, '.'))]
			if trimmed := strings.TrimSuffix(above, "[]"); rows[above] == "" && rows[trimmed] != "" {
				above = trimmed
			}
		}
		if row := rows[above]; row == "" || !regexp.MustCompile(`\b`+name+`\b`).MatchString(row) {
			t.Errorf("the table has no %s", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		if !slices.ContainsFunc(keys, func(k string) bool {
			return k == key || strings.HasPrefix(k, key+".") || strings.HasPrefix(k, key+"[]")
		}) {
			t.Errorf("%s is in the table and no key", key)
		}
	}
}
