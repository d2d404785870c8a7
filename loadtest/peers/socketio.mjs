// Socket.IO's own server with the events that `loadtest socketio` needs. Prints its process id and its address.
//
//   npm install socket.io@4 && node loadtest/peers/socketio.mjs [PORT]

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

// The package is looked for where this is started, since it is no part of natter.
const { Server } = createRequire(join(process.cwd(), 'package.json'))('socket.io');

const port = Number(process.argv[2] ?? 3001);
const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });
io.on('connection', (socket) => {
  socket.on('join-room', (room, done) => {
    socket.join(room);
    done?.({ room, in: true });
  });
  socket.on('room-send-all', (room, data, done) => {
    io.to(room).emit('room-msg', room, data);
    done?.('ok');
  });
});
http.listen(port, '127.0.0.1', () => console.log(`pid ${process.pid}, ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`));
