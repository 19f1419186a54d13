/* Looks up each name it is given, as any program does, and prints what libc made of it. Built with musl, static and not, for scratch images. */
#define _GNU_SOURCE
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int count, char **words) {
    struct addrinfo hints, *found;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    for (int i = 1; i < count; i++)
        printf("%s %d\n", words[i], getaddrinfo(words[i], "443", &hints, &found));
    return 0;
}
