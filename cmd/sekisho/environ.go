package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

// envPrefix begins the name of every environment variable of ours.
const envPrefix = "SEKISHO_"

// overrides are the environment variables that are set in place of keys of the file.
type overrides struct {
	set     map[string]bool
	unknown []string // begin like ours and are no key: a slip, or put there by somebody else (Kubernetes does)
}

// applyEnvironment puts what is set in the environment over the configuration.
func applyEnvironment(c *config, environ []string) (overrides, error) {
	ours := map[string]string{}
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, envPrefix) && value != "" {
			ours[name] = value
		}
	}
	asked := map[string]bool{}
	err := env.ParseWithOptions(c, env.Options{
		Environment: ours, Prefix: envPrefix,
		OnSet: func(name string, _ any, _ bool) { asked[name] = true },
	})
	if err != nil {
		return overrides{}, fmt.Errorf("environment: %w", err)
	}
	o := overrides{set: map[string]bool{}}
	for name := range ours {
		switch {
		case asked[name]:
			o.set[name] = true
		case name == walletAPIVariable, name == walletTokenVariable: // of the client
		default:
			o.unknown = append(o.unknown, name)
		}
	}
	slices.Sort(o.unknown)
	return o, nil
}

// envName is the environment variable of a key: links[0].listen is SEKISHO_LINKS_0_LISTEN.
func envName(path string) string {
	return envPrefix + strings.ToUpper(strings.NewReplacer(".", "_", "[", "_", "]", "").Replace(path))
}
