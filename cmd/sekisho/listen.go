package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"

	"golang.org/x/net/netutil"

	authswitch "sekisho/switch"
)

// Connections at a time, where nothing else is configured. Each is an open file of the process, and so is each
// of a link.
const (
	apiConnections   = 1024
	adminConnections = 64
)

// listenFor opens an address for so many connections at a time. More wait in the system's queue, which is no open
// file of ours: whoever opens many without a word is in the way of nobody at another port.
func listenFor(ctx context.Context, address string, connections int) (net.Listener, error) {
	var open net.ListenConfig
	listener, err := open.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return netutil.LimitListener(listener, connections), nil
}

// listenError says which key of the configuration a port is from that cannot be opened.
func listenError(key, address string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: %s is in use: end the process that listens there, or give another port", key, address)
	}
	return fmt.Errorf("%s: %w", key, err)
}

// filesSpare is what the store, jobs, a table and the runtime may have open besides connections.
const filesSpare = 256

// filesWanted is how many files are open when every port has as many connections as it takes.
func filesWanted(s *settings) int {
	files := filesSpare + adminConnections
	for i := range s.Links {
		files += cmp.Or(s.Links[i].Limits.ConnectionsMax, authswitch.DefaultLimits().ConnectionsMax)
	}
	if s.WalletAPI != nil {
		files += s.WalletAPI.Connections
	}
	return files
}

// warnOfFiles says so when fewer files may be open than may be wanted. The runtime has raised the limit to the
// hard one already.
func warnOfFiles(s *settings, log *slog.Logger) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		log.Warn("cannot find out how many files may be open", "error", err)
		return
	}
	if wanted := filesWanted(s); limit.Cur < uint64(wanted) { //nolint:gosec // it is not negative
		log.Warn("with all their connections the ports want more open files than this process may have, and no link could be connected then: raise the limit (ulimit -n, LimitNOFILE=), or lower connections_max of the links or wallet_api.connections",
			"allowed", limit.Cur, "wanted", wanted)
	}
}
