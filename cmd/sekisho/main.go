// Command sekisho is an ISO 8583 authorization switch: card networks connect to it over TCP, it
// decides their messages on wallets that it keeps itself, and answers.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
