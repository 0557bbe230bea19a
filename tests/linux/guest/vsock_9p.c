/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts a 9P server that listens at a vsock port of the host: vsock_9p PORT TREE FOLDER. */
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	struct sockaddr_vm a = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST };
	char options[512];
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

	if (argc != 4)
		return 2;
	a.svm_port = (unsigned int)strtoul(argv[1], NULL, 10);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		perror("connect");
		return 1;
	}
	/* Linux attaches as the user of that name, "nobody" where none is given. */
	snprintf(options, sizeof(options),
		"trans=fd,rfdno=%d,wfdno=%d,version=9p2000.L,msize=65536,cache=mmap,uname=root,aname=%s",
		fd, fd, argv[2]);
	if (mount(argv[2], argv[3], "9p", 0, options) < 0) {
		perror("mount");
		return 1;
	}
	return 0;
}
