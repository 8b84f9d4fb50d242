/* Reads a buffer, and makes a = b + s * c over three, as often as fits the time: what the check compares bandwidths with.

   usage: stream THREADS WORKING_SET_BYTES SECONDS
   prints bytes per second of both, of all threads together, in the best repetition */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if defined(__AVX512F__)
#define WIDTH 64
#elif defined(__AVX__)
#define WIDTH 32
#else
#define WIDTH 16
#endif
typedef float vector __attribute__((vector_size(WIDTH)));
enum { SUMS = 8 };

static int threads;
static size_t vectors; /* of one thread */
static double seconds;
static int measure_triad;
static uint64_t passes = 1;
static int done;
static double best;
static pthread_barrier_t barrier;
static double *starts, *ends;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static volatile float sink;

static void read_passes(const vector *buffer, uint64_t count) {
    vector sums[SUMS] = {0};
    for (uint64_t pass = 0; pass < count; pass++) {
        __asm__ volatile("" : "+r"(buffer) : : "memory");
        for (size_t i = 0; i + SUMS <= vectors; i += SUMS)
            for (int j = 0; j < SUMS; j++) sums[j] += buffer[i + j];
    }
    for (int j = 0; j < SUMS; j++) sink = sums[j][0];
}

static void triad_passes(vector *a, const vector *b, const vector *c, uint64_t count) {
    size_t third = vectors / 3;
    for (uint64_t pass = 0; pass < count; pass++) {
        __asm__ volatile("" : "+r"(a) : : "memory");
#pragma GCC ivdep
        for (size_t i = 0; i < third; i++) a[i] = b[i] + 0.5f * c[i];
    }
}

static void work(vector *buffer, uint64_t count) {
    size_t third = vectors / 3;
    if (measure_triad)
        triad_passes(buffer, buffer + third, buffer + 2 * third, count);
    else
        read_passes(buffer, count);
}

static void *repeat(void *argument) {
    int index = (int)(intptr_t)argument;
    vector *buffer = aligned_alloc(4096, (vectors * sizeof(vector) + 4095) / 4096 * 4096);
    if (!buffer) exit(2);
    for (size_t i = 0; i < vectors; i++) buffer[i] = (vector){1, 2};
    if (index == 0)
        for (;; passes *= 2) {
            double start = now();
            work(buffer, passes);
            if (now() - start >= 0.005) break;
        }
    pthread_barrier_wait(&barrier);
    double began = now();
    for (int repetition = 1; !done; repetition++) {
        starts[index] = now();
        work(buffer, passes);
        ends[index] = now();
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
            double start = starts[0], end = ends[0];
            for (int i = 1; i < threads; i++) {
                if (starts[i] < start) start = starts[i];
                if (ends[i] > end) end = ends[i];
            }
            double rate = (double)threads * vectors * sizeof(vector) * passes / (end - start);
            if (rate > best) best = rate;
            done = now() - began >= seconds && repetition >= 5;
        }
        pthread_barrier_wait(&barrier);
    }
    free(buffer);
    return NULL;
}

int main(int count, char **words) {
    if (count != 4) return 2;
    threads = atoi(words[1]);
    vectors = strtoull(words[2], NULL, 10) / threads / sizeof(vector);
    vectors -= vectors % (3 * SUMS);
    seconds = atof(words[3]);
    starts = calloc(threads, sizeof(double));
    ends = calloc(threads, sizeof(double));
    pthread_t *handles = calloc(threads, sizeof(pthread_t));
    if (threads < 1 || vectors == 0 || !starts || !ends || !handles) return 2;
    for (measure_triad = 0; measure_triad < 2; measure_triad++) {
        passes = 1, done = 0, best = 0;
        if (pthread_barrier_init(&barrier, NULL, threads)) return 2;
        for (int i = 0; i < threads; i++)
            if (pthread_create(&handles[i], NULL, repeat, (void *)(intptr_t)i)) return 2;
        for (int i = 0; i < threads; i++) pthread_join(handles[i], NULL);
        pthread_barrier_destroy(&barrier);
        printf("%.6g\n", best);
    }
    return 0;
}
