package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"os"

	"github.com/spf13/cobra"
)

const walletAccessHelp = "The address and the token come from --api and --token, else from the configuration that --config names\n" +
	"(wallet_api.listen and its first plain token), else from SEKISHO_API and SEKISHO_TOKEN. Others on the\n" +
	"machine can see a token on the command line; the environment they cannot.\n\n" +
	"Whatever changes something is sent with an Idempotency-Key: a random one, or that of --key. When no\n" +
	"answer comes the key is shown: the same again with it happens once. Amounts are given, and in JSON\n" +
	"shown, in the minor unit of the currency: 1200 is 1,200 yen, or 12 dollars."

// The environment variables of the client.
const (
	walletAPIVariable   = "SEKISHO_API"
	walletTokenVariable = "SEKISHO_TOKEN"
)

// walletAccess are the flags that say where the wallet API is and how its answer is shown.
type walletAccess struct {
	api, token, config string
	asJSON             bool
}

// walletAccessFlags gives a command the flags of its access to the API.
func walletAccessFlags(cmd *cobra.Command) *walletAccess {
	a := &walletAccess{}
	flags := cmd.Flags()
	flags.StringVar(&a.api, "api", "", "URL of the wallet API, such as http://127.0.0.1:8581")
	flags.StringVar(&a.token, "token", "", "bearer token (better in SEKISHO_TOKEN)")
	flags.StringVarP(&a.config, "config", "c", "", "configuration file (YAML) of the switch, for address and token")
	flags.BoolVar(&a.asJSON, "json", false, "print the body of the API's answer as it is")
	return a
}

// client is one for the API that the flags mean.
func (a *walletAccess) client(getenv func(string) string) (*walletClient, error) {
	api, token := a.api, a.token
	if a.config != "" && (api == "" || token == "") {
		s, err := loadConfig(a.config, os.Environ())
		if err != nil {
			return nil, err
		}
		configured := walletAccessOf(s)
		api, token = cmp.Or(api, configured.api), cmp.Or(token, configured.token)
	}
	api, token = cmp.Or(api, getenv(walletAPIVariable)), cmp.Or(token, getenv(walletTokenVariable))
	switch {
	case api == "":
		return nil, usageError{errors.New("where is the wallet API? expected --api URL, --config FILE with wallet_api.listen, or SEKISHO_API")}
	case token == "":
		return nil, usageError{errors.New("the wallet API wants a token: expected SEKISHO_TOKEN, --token, or --config FILE with a plain token")}
	}
	return newWalletClient(api, token)
}

// newKey is a random Idempotency-Key.
func newKey() string { return rand.Text() }

// configured is what a configuration says of the wallet API; empty what it does not say. An API on a port of
// its own choice cannot be found from it.
type configured struct{ api, token string }

func walletAccessOf(s *settings) configured {
	if s.WalletAPI == nil {
		return configured{}
	}
	c := configured{token: string(s.WalletAPI.Plain)}
	if address, err := reachable(s.WalletAPI.Listen, "the wallet API", "--api"); err == nil {
		c.api = "http://" + address
	}
	return c
}
